#pragma once
#include "board.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
// Ends the test program with status 1, saying where, when `condition` is false.
#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      board_print(__FILE__ ":" TEXT(__LINE__) ": failed: " #condition "\n");    \
      board_exit(1);                                                            \
    }                                                                           \
  } while (0)
