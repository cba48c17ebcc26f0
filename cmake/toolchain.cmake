# One toolchain: clang 19, libc++, lld. g++ 12 is refused because it frees a coroutine argument twice:
# `co_await f(Aggregate{...})` with a non-trivial member (seen at -O0 and -O2; clang is correct).
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "Podo is built with clang 19 or newer, not ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} "
    "(g++ 12 silently frees coroutine arguments twice). Use a preset: cmake --preset release")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)          # also keeps `linux` a name and not a macro
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(PODO_CCACHE ccache)
if(PODO_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PODO_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${PODO_CCACHE})
endif()

add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-stdlib=libc++> -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Wimplicit-fallthrough -Werror -fstack-protector-strong -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
add_compile_definitions(_GNU_SOURCE _FILE_OFFSET_BITS=64)
add_link_options(-stdlib=libc++ -fuse-ld=lld)
include_directories(${CMAKE_SOURCE_DIR}/src)
