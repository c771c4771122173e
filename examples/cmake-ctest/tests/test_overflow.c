#include "check.h"
#include "ring.h"

static ring_t ring;

int main(void) {
  uint8_t byte;
  for (int i = 0; i < ring_capacity; ++i) CHECK(ring_put(&ring, (uint8_t)i));
  CHECK(ring_size(&ring) == ring_capacity);
  CHECK(!ring_put(&ring, 0xff));
  CHECK(ring_get(&ring, &byte) && byte == 0);
  CHECK(ring_put(&ring, 0xff));
  board_print("overflow: ok\n");
  return 0;
}
