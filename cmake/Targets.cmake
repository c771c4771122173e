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

add_custom_target(cxx_tests)  # every GoogleTest program, and nothing that only the end-to-end tests need

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
  add_dependencies(cxx_tests ${name})
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT}
    DISCOVERY_TIMEOUT 60)
endfunction()

# vs_fuzz(fuzz_FOLDER SOURCES files... DEPS libs... [CORPUS more folders...]): a libFuzzer program for builds with
# VIRSERVER_FUZZ, run by scripts/fuzz. In every build fuzz_FOLDER_corpus, a test of the label unit, runs the files in
# corpus/: what was found once stays found.
function(vs_fuzz name)
  cmake_parse_arguments(F "" "" "SOURCES;DEPS;CORPUS" ${ARGN})
  list(JOIN F_CORPUS ":" more)
  vs_test(${name}_corpus LABEL unit SOURCES ${F_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus_test.cpp DEPS ${F_DEPS})
  target_compile_definitions(${name}_corpus PRIVATE VIRSERVER_CORPUS="${CMAKE_CURRENT_SOURCE_DIR}/corpus:${more}")
  if(VIRSERVER_FUZZ)
    add_executable(${name} ${F_SOURCES})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(${name} PRIVATE ${F_DEPS})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    vs_use_pch(${name})
  endif()
endfunction()

# The heavy, never-changing headers are parsed once and reused by every target that links vs_base.
function(vs_use_pch target)
  if(VIRSERVER_PCH AND NOT target STREQUAL "vs_base")
    get_target_property(links ${target} LINK_LIBRARIES)
    target_precompile_headers(${target} REUSE_FROM vs_base)
  endif()
endfunction()
option(VIRSERVER_PCH "Use a precompiled header" ON)
