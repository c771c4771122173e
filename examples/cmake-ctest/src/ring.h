// A ring buffer of bytes, for one writer and one reader.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { ring_capacity = 16 };

typedef struct {
  uint8_t bytes[ring_capacity];
  unsigned written, read;  // in all; their difference is what is stored
} ring_t;

unsigned ring_size(const ring_t* ring);
bool ring_put(ring_t* ring, uint8_t byte);   // false: full
bool ring_get(ring_t* ring, uint8_t* byte);  // false: empty
