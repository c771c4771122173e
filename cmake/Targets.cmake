# A folder is a library; a new source file is picked up by being there.

# vs_library(NAME deps...): src/NAME/*.cpp as static library vs_NAME.
function(vs_library name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(vs_${name} STATIC ${sources})
  target_include_directories(vs_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(vs_${name} PUBLIC ${ARGN})
  vs_use_pch(vs_${name})
endfunction()

# vs_program(NAME deps...): the folder's *.cpp as executable NAME.
function(vs_program name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${ARGN})
  vs_use_pch(${name})
endfunction()

# vs_test(NAME LABEL l SOURCES files... DEPS libs... [TIMEOUT s]): one GoogleTest program, one ctest entry a case.
function(vs_test name)
  cmake_parse_arguments(T "" "LABEL;TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 60)
  endif()
  add_executable(${name} ${T_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${T_DEPS} GTest::gtest_main GTest::gmock)
  vs_use_pch(${name})
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT}
    DISCOVERY_TIMEOUT 60)
endfunction()

# The heavy, never-changing headers are parsed once and reused by every target that links vs_base.
function(vs_use_pch target)
  if(VIRSERVER_PCH AND NOT target STREQUAL "vs_base")
    get_target_property(links ${target} LINK_LIBRARIES)
    target_precompile_headers(${target} REUSE_FROM vs_base)
  endif()
endfunction()
option(VIRSERVER_PCH "Use a precompiled header" ON)
