# What nearly every file includes is parsed once for all of them: that is a third of the compile time. It is
# the standard library only; a file still includes what it uses. Unit tests have one of their own, because
# their framework throws.
set(PODO_PRECOMPILED <algorithm> <array> <atomic> <charconv> <compare> <coroutine> <cstddef>
  <cstdint> <cstring> <deque> <expected> <functional> <map> <memory> <mutex> <optional> <set> <span>
  <string> <string_view> <thread> <tuple> <utility> <variant> <vector>)

function(podo_precompile name)
  cmake_parse_arguments(ARG "" "" "HEADERS;OPTIONS" ${ARGN})
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/${name}.cpp CONTENT "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/${name}.cpp)
  target_compile_options(${name} PRIVATE ${ARG_OPTIONS} -Xclang -fno-pch-timestamp)
  target_precompile_headers(${name} PRIVATE ${PODO_PRECOMPILED} ${ARG_HEADERS})
endfunction()

# Headers are precompiled with the options of who includes them.
function(podo_use_precompiled target options)
  string(MAKE_C_IDENTIFIER "precompiled${options}" name)
  if(NOT TARGET ${name})
    podo_precompile(${name} OPTIONS ${options})
  endif()
  target_precompile_headers(${target} REUSE_FROM ${name})
endfunction()

if(PODO_TESTS)
  podo_precompile(precompiled_tests HEADERS <doctest/doctest.h> OPTIONS -fexceptions)
endif()
