# What the build needs from the system. What is missing is named by its Debian package.

function(podo_require_compiler)  # before project(), whose own message would not name a package
  if(DEFINED CMAKE_CXX_COMPILER AND NOT EXISTS "${CMAKE_CXX_COMPILER}")
    find_program(PODO_COMPILER NAMES ${CMAKE_CXX_COMPILER} NO_CACHE)
    if(NOT PODO_COMPILER)
      message(FATAL_ERROR "The compiler ${CMAKE_CXX_COMPILER} is not installed. On Debian: apt-get install "
        "clang-19 lld-19 libc++-19-dev libc++abi-19-dev llvm-19 libclang-rt-19-dev")
    endif()
  endif()
endfunction()

function(podo_require what package)  # WHAT exists as a header or as a library, else name PACKAGE
  string(MAKE_C_IDENTIFIER "PODO_HAS_${what}" found)
  if(what MATCHES "\\.h$")
    find_path(${found} ${what})
  else()
    find_library(${found} ${what})
  endif()
  mark_as_advanced(${found})
  if(NOT ${found})
    message(FATAL_ERROR "${what} was not found. On Debian: apt-get install ${package}")
  endif()
endfunction()

function(podo_require_libraries)
  include(CheckCXXSourceCompiles)
  check_cxx_source_compiles("#include <expected>
    int main() { return *std::expected<int, int>(0); }" PODO_HAS_libcxx)
  if(NOT PODO_HAS_libcxx)
    unset(PODO_HAS_libcxx CACHE)
    message(FATAL_ERROR "A program with libc++ 19 does not compile and link with lld. "
      "On Debian: apt-get install libc++-19-dev libc++abi-19-dev lld-19")
  endif()
  podo_require(yaml.h libyaml-dev)
  podo_require(seccomp.h libseccomp-dev)
  if(PODO_STATIC)
    podo_require(libyaml.a libyaml-dev)
    podo_require(libseccomp.a libseccomp-dev)
    find_program(PODO_OBJCOPY NAMES llvm-objcopy-19 objcopy)
    if(NOT PODO_OBJCOPY)
      message(FATAL_ERROR "llvm-objcopy-19 was not found. On Debian: apt-get install llvm-19")
    endif()
  endif()
  if(PODO_TESTS)
    podo_require(doctest/doctest.h doctest-dev)
  endif()
endfunction()
