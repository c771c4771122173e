#include "check.h"
#include "ring.h"

static ring_t ring;

int main(void) {
  uint8_t byte;
  CHECK(!ring_get(&ring, &byte));
  for (int round = 0; round < 1000; ++round) {
    CHECK(ring_put(&ring, (uint8_t)round));
    CHECK(ring_put(&ring, (uint8_t)(round + 1)));
    CHECK(ring_get(&ring, &byte) && byte == (uint8_t)round);
    CHECK(ring_get(&ring, &byte) && byte == (uint8_t)(round + 1));
  }
  board_print("order: ok\n");
  return 0;
}
