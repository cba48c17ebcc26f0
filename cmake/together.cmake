# A preset with PODO_TOGETHER compiles that many files of a room at a time: a third of the time under the
# sanitizers, where every instance of a template costs. Files that define the same local name are in different
# groups; apart.txt lists those that are not in the first one, and tools/find_apart.py writes it:
#
#   file := ( PATH " " GROUP newline )*        GROUP: a number, for the files of one room
# A file in two targets is compiled as the last one has it.
unset(CMAKE_UNITY_BUILD CACHE)  # a build folder of earlier presets still has it
set(PODO_TOGETHER 0 CACHE STRING "How many files of a room are compiled at a time; 0: each alone")
if(PODO_TOGETHER)
  add_compile_options(-Wno-shadow)  # a file's locals are not its neighbours' business; other presets look
  file(STRINGS ${CMAKE_SOURCE_DIR}/cmake/apart.txt lines)
  foreach(line ${lines})
    string(REPLACE " " ";" line ${line})
    list(GET line 0 path)
    list(GET line 1 PODO_GROUP_${path})
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/apart.txt)
endif()

function(podo_compile_together target)
  if(NOT PODO_TOGETHER)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  list(SORT sources)
  foreach(source ${sources})
    file(RELATIVE_PATH path ${CMAKE_SOURCE_DIR} ${source})
    set(group 0)
    if(DEFINED PODO_GROUP_${path})
      set(group ${PODO_GROUP_${path}})
    endif()
    if(NOT DEFINED count_${group})
      set(count_${group} 0)
    endif()
    math(EXPR batch "${count_${group}} / ${PODO_TOGETHER}")
    math(EXPR count_${group} "${count_${group}} + 1")
    set_property(SOURCE ${source} PROPERTY UNITY_GROUP ${group}_${batch})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()
