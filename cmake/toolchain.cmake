# One toolchain: clang 19, libc++, lld. g++ 12 is refused because it frees a coroutine argument twice:
# `co_await f(Aggregate{...})` with a non-trivial member (seen at -O0 and -O2; clang is correct).
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "Podo is built with clang 19 or newer, not "
    "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} (g++ 12 silently frees coroutine arguments "
    "twice). Use a preset: cmake --preset release")
endif()

option(PODO_STATIC "Link one static file, debug info split off" OFF)
option(PODO_TESTS "Build the unit tests" ON)
option(PODO_FUZZ "Build the fuzz targets" OFF)
set(PODO_OPTIMIZED_ROOMS "" CACHE STRING "Rooms, as a regular expression, that a build without optimisation \
optimises all the same: simulations spend their time there")
set(PODO_SANITIZE "" CACHE STRING "Sanitizers for everything, as in -fsanitize=: address,undefined or thread")

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)          # also keeps `linux` a name and not a macro
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(PODO_CCACHE ccache)
if(PODO_CCACHE)
  # Without this it would not take part where headers are precompiled (ccache(1), "Precompiled headers").
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${PODO_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${PODO_CCACHE})
endif()

# Errors are values, so exceptions and RTTI are off: what throws does not compile, and the program is smaller.
# Unit tests turn exceptions on again for their framework.
add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-stdlib=libc++;-fno-exceptions;-fno-rtti>"
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Wimplicit-fallthrough -Werror
  -fstack-protector-strong -fPIE -ffunction-sections -fdata-sections -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
add_compile_definitions(_GNU_SOURCE _FILE_OFFSET_BITS=64)
add_link_options(-stdlib=libc++ -fuse-ld=lld)
include_directories(${CMAKE_SOURCE_DIR}/src)

# Bounds of spans, strings and vectors are checked, in release too: a container runtime is a wall.
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_definitions(_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_EXTENSIVE)
else()
  add_compile_definitions(_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_FAST _FORTIFY_SOURCE=2)
endif()

if(PODO_STATIC)
  # Position-independent for ASLR; relative relocations packed (60 KB less to touch at every start).
  add_link_options(-static-pie -Wl,--gc-sections,--icf=all,--build-id,-O2 -Wl,-z,pack-relative-relocs)
else()
  add_link_options(-pie)
endif()

if(PODO_SANITIZE)
  add_compile_options(-fsanitize=${PODO_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PODO_SANITIZE})
  if(PODO_SANITIZE MATCHES "address.*undefined")
    # A bad pointer is found by AddressSanitizer; these checks cost up to a quarter of a file's compile time.
    add_compile_options(-fno-sanitize=null,alignment,object-size)
  endif()
endif()
