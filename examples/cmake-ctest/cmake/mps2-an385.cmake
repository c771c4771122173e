set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR cortex-m3)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_FLAGS_INIT "-mcpu=cortex-m3 -mthumb -ffreestanding -Os -g")
set(CMAKE_EXECUTABLE_SUFFIX_C .elf)

# The program that ctest starts each test by: a virtual board for as long as the test takes.
set(CMAKE_CROSSCOMPILING_EMULATOR virctl run --board mps2-an385 --exit-code --timeout 30s)
