# The monitor's program: static, without any library, at one address, as small as it goes; nothing of the
# flags of the rest reaches it but those of the build type. The room container/monitor has its file
# inside.
file(GLOB monitor_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/container/monitor/program/*.cpp)
add_executable(podo_monitor ${monitor_sources} ${CMAKE_SOURCE_DIR}/src/container/monitor/log_format.cpp)
set_target_properties(podo_monitor PROPERTIES
  OUTPUT_NAME podo-monitor
  COMPILE_DEFINITIONS "_GNU_SOURCE"
  COMPILE_OPTIONS "-Wall;-Wextra;-Wshadow;-Werror;-Os;-ffreestanding;-fno-exceptions;-fno-rtti;-fno-pic;\
-fno-stack-protector;-fno-asynchronous-unwind-tables;-fno-threadsafe-statics;-ffunction-sections;\
-fdata-sections;-fno-sanitize=all;-fno-profile-instr-generate;-ffile-prefix-map=${CMAKE_SOURCE_DIR}/="
  LINK_OPTIONS "-fuse-ld=lld;-static;-nostdlib;-Wl,--gc-sections,--strip-all,--build-id=none;\
-Wl,-z,noexecstack;-Wl,-z,norelro;-fno-sanitize=all"
  LINK_LIBRARIES "")

set_property(SOURCE ${CMAKE_SOURCE_DIR}/src/container/monitor/program.cpp PROPERTY OBJECT_DEPENDS
  ${CMAKE_BINARY_DIR}/podo-monitor)
set_property(SOURCE ${CMAKE_SOURCE_DIR}/src/container/monitor/program.cpp PROPERTY COMPILE_DEFINITIONS
  "PODO_MONITOR_PROGRAM=\"${CMAKE_BINARY_DIR}/podo-monitor\"")
