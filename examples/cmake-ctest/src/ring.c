#include "ring.h"

unsigned ring_size(const ring_t* ring) { return ring->written - ring->read; }

bool ring_put(ring_t* ring, uint8_t byte) {
  if (ring_size(ring) == ring_capacity) return false;
  ring->bytes[ring->written++ % ring_capacity] = byte;
  return true;
}

bool ring_get(ring_t* ring, uint8_t* byte) {
  if (ring_size(ring) == 0) return false;
  *byte = ring->bytes[ring->read++ % ring_capacity];
  return true;
}
