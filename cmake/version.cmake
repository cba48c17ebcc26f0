# `podo version` says what it was built from. Only release builds ask git, and are configured anew after a
# commit; in the others the answer would be stale most of the time.
set(PODO_COMMIT unknown)
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND EXISTS ${CMAKE_SOURCE_DIR}/.git/logs/HEAD)
  execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} rev-parse --short=12 HEAD
    OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(PODO_COMMIT ${found})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/.git/logs/HEAD)
  endif()
endif()
set_source_files_properties(src/base/core/version.cpp PROPERTIES COMPILE_DEFINITIONS
  "PODO_VERSION=\"${PROJECT_VERSION}\";PODO_COMMIT=\"${PODO_COMMIT}\"")
