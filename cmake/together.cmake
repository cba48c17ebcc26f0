# A preset with CMAKE_UNITY_BUILD compiles the files of a room many at a time: a third of the time under
# the sanitizers, where every instance of a template costs. Files of one room may then not define the same
# local name; alone.txt lists those that do, and tools/find_alone.py writes it.
if(CMAKE_UNITY_BUILD)
  add_compile_options(-Wno-shadow)  # a file's locals are not its neighbours' business; other presets look
  file(STRINGS ${CMAKE_SOURCE_DIR}/cmake/alone.txt alone)
  list(TRANSFORM alone PREPEND ${CMAKE_SOURCE_DIR}/)
  set_property(SOURCE ${alone} PROPERTY SKIP_UNITY_BUILD_INCLUSION ON)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/alone.txt)
endif()
