# The program carries the schema sources of the built-in kinds: the room model/kube has them inside.
file(GLOB kube_schema CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/model/kube/schema/*.schema)
set_property(SOURCE ${CMAKE_SOURCE_DIR}/src/model/kube/schema.cpp PROPERTY OBJECT_DEPENDS ${kube_schema})
set_property(SOURCE ${CMAKE_SOURCE_DIR}/src/model/kube/schema.cpp PROPERTY COMPILE_DEFINITIONS
  "PODO_KUBE_SCHEMA=\"${CMAKE_SOURCE_DIR}/src/model/kube/schema\"")
