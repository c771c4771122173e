# Firmware that asks one question of one board: NAME.elf of NAME.c alone, for Cortex-M.
function(firmware_single name)
  cmake_parse_arguments(F "" "" "FLAGS;ROM;RAM" ${ARGN})
  find_program(FIRMWARE_arm-none-eabi-GCC arm-none-eabi-gcc)
  set(cc ${FIRMWARE_arm-none-eabi-GCC})
  if(NOT cc)
    message(WARNING "arm-none-eabi-gcc is not installed: no firmware ${name}")
    return()
  endif()
  list(GET F_ROM 0 rom_base)
  list(GET F_ROM 1 rom_size)
  list(GET F_RAM 0 ram_base)
  list(GET F_RAM 1 ram_size)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${name})
  add_custom_command(
    OUTPUT ${out}.elf
    BYPRODUCTS ${out}.ld
    COMMAND ${cc} -E -P -x c -DROM_BASE=${rom_base} -DROM_SIZE=${rom_size} -DRAM_BASE=${ram_base} -DRAM_SIZE=${ram_size} -DENTRY_POINT=reset
            ${CMAKE_CURRENT_SOURCE_DIR}/link.ld.in -o ${out}.ld
    COMMAND ${cc} ${firmware_flags} ${F_FLAGS} -T ${out}.ld ${CMAKE_CURRENT_SOURCE_DIR}/${name}.c -lgcc -o ${out}.elf
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}.c ${CMAKE_CURRENT_SOURCE_DIR}/start.h ${CMAKE_CURRENT_SOURCE_DIR}/link.ld.in
    COMMENT "Firmware ${name}"
    VERBATIM)
  add_custom_target(firmware_${name} DEPENDS ${out}.elf)
  add_dependencies(firmware firmware_${name})
endfunction()

firmware_single(rcc_wait FLAGS -mcpu=cortex-m4 -mthumb ROM 0x08000000 1M RAM 0x20000000 112K)
firmware_single(rtt_echo FLAGS -mcpu=cortex-m0 -mthumb ROM 0x00000000 256K RAM 0x20000000 16K)
firmware_single(pins FLAGS -mcpu=cortex-m4 -mthumb ROM 0x08000000 1M RAM 0x20000000 112K)
# What register models are for: the start-up of vendors' and frameworks' firmware.
set(models_f4 FLAGS -mcpu=cortex-m4 -mthumb ROM 0x08000000 1M RAM 0x20000000 112K)
firmware_single(clock_hal ${models_f4})
firmware_single(clock_zephyr ${models_f4})
firmware_single(serial_irq ${models_f4})
firmware_single(models_speed ${models_f4})
firmware_single(undecodable FLAGS -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard ROM 0x08000000 1M RAM 0x20000000 112K)
firmware_single(clock_opencm3 FLAGS -mcpu=cortex-m3 -mthumb ROM 0x08000000 128K RAM 0x20000000 8K)
firmware_single(clock_nrf51 FLAGS -mcpu=cortex-m0 -mthumb ROM 0x00000000 256K RAM 0x20000000 16K)
