#pragma once

void board_print(const char* text);
_Noreturn void board_exit(int status);  // ends the emulator: virctl run --exit-code ends with this status

int main(void);
