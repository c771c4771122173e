# Language level, warnings, sanitizers and build speed.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 17)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_COMPILE_OPTIONS_PIE -fPIC)  # one precompiled header serves libraries and programs
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  # GCC 12 destroys aggregate temporaries inside co_await expressions twice.
  message(FATAL_ERROR "VirServer is built with clang 19 or newer; use a preset: cmake --preset dev")
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough
                    -Wno-missing-field-initializers -Wno-missing-designated-field-initializers
                    -fstack-protector-strong)
add_link_options(-Wl,-z,relro,-z,now)

option(VIRSERVER_WERROR "Treat warnings as errors" OFF)
if(VIRSERVER_WERROR)
  add_compile_options(-Werror)
endif()

set(VIRSERVER_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")
if(VIRSERVER_SANITIZE)
  add_compile_options(-fsanitize=${VIRSERVER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${VIRSERVER_SANITIZE})
endif()

# The fuzz targets link the same libraries as everything else, so all code of such a build counts the branches it takes.
option(VIRSERVER_FUZZ "Build the libFuzzer targets" OFF)
if(VIRSERVER_FUZZ)
  if(NOT VIRSERVER_SANITIZE MATCHES "address")
    message(FATAL_ERROR "VIRSERVER_FUZZ is for builds with the address sanitizer; use a preset: cmake --preset asan")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(VIRSERVER_MOLD mold)
if(VIRSERVER_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

find_program(VIRSERVER_CCACHE ccache)
if(VIRSERVER_CCACHE)
  # Another checkout of the same source finds what this one compiled: the precompiled header's path is not part of what
  # is compared (its content is).
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_IGNOREOPTIONS=${CMAKE_BINARY_DIR}/* ${VIRSERVER_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()
