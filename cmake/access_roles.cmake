# The program carries the roles that a cluster begins with: the room cluster/access has them inside.
set_property(SOURCE ${CMAKE_SOURCE_DIR}/src/cluster/access/default_roles.cpp PROPERTY OBJECT_DEPENDS
  ${CMAKE_SOURCE_DIR}/src/cluster/access/roles.txt)
set_property(SOURCE ${CMAKE_SOURCE_DIR}/src/cluster/access/default_roles.cpp PROPERTY COMPILE_DEFINITIONS
  "PODO_ROLES=\"${CMAKE_SOURCE_DIR}/src/cluster/access/roles.txt\"")
