# What `cmake --install` copies: headers, libraries, the tool, and what lets others find them.
include(CMakePackageConfigHelpers)

install(DIRECTORY include/myelin DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS myelin_shared EXPORT MyelinTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS myelin_static EXPORT MyelinStaticTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# CMake: find_package(Myelin) gives Myelin::myelin; the component `static` adds
# Myelin::myelin_static and finds what the archive needs.
set(MYELIN_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/Myelin)
set_target_properties(myelin_shared PROPERTIES EXPORT_NAME myelin)
add_library(Myelin::myelin ALIAS myelin_shared)
add_library(Myelin::myelin_static ALIAS myelin_static)
configure_package_config_file(cmake/MyelinConfig.cmake.in MyelinConfig.cmake
  INSTALL_DESTINATION ${MYELIN_CMAKE_DIR})
write_basic_package_version_file(MyelinConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/MyelinConfig.cmake
  ${PROJECT_BINARY_DIR}/MyelinConfigVersion.cmake DESTINATION ${MYELIN_CMAKE_DIR})
install(EXPORT MyelinTargets NAMESPACE Myelin:: DESTINATION ${MYELIN_CMAKE_DIR})
install(EXPORT MyelinStaticTargets NAMESPACE Myelin:: DESTINATION ${MYELIN_CMAKE_DIR})

# pkg-config: paths are relative to the .pc file, so a prefix may be moved.
set(MYELIN_PC_REQUIRES "zlib, yaml-0.1, jansson")
if(PNG_FOUND)
  string(APPEND MYELIN_PC_REQUIRES ", libpng")
endif()
if(JPEG_FOUND)
  string(APPEND MYELIN_PC_REQUIRES ", libjpeg")
endif()
if(HDF5_FOUND)
  string(APPEND MYELIN_PC_REQUIRES ", hdf5")
endif()
if(LAPACK_FOUND)
  string(APPEND MYELIN_PC_REQUIRES ", openblas")
endif()
if(ONNX_FOUND)
  string(APPEND MYELIN_PC_REQUIRES ", libprotobuf-c")
endif()
# Not as a requirement: what sndfile.pc asks for itself (an MP3 encoder) its package does not bring along.
set(MYELIN_PC_LIBS)
if(SNDFILE_FOUND)
  string(APPEND MYELIN_PC_LIBS "-lsndfile ")
endif()
if(KISSFFT_FOUND)
  string(APPEND MYELIN_PC_REQUIRES ", kissfft-float")
endif()
file(RELATIVE_PATH MYELIN_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" MYELIN_PC_PREFIX "${MYELIN_PC_PREFIX}")
configure_file(cmake/myelin.pc.in myelin.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/myelin.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(NOT TARGET myelin)
  return()
endif()
install(TARGETS myelin RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# The tool writes its own manual pages and its completion.
find_program(SCDOC scdoc)
set(MYELIN_PAGES)
function(myelin_page name section)
  set(page ${PROJECT_BINARY_DIR}/man/${name}.${section})
  add_custom_command(OUTPUT ${page} DEPENDS myelin VERBATIM
    COMMAND sh -c "\"$1\" man $2 >\"$3.scd\" && \"$4\" <\"$3.scd\" >\"$3\"" page
            $<TARGET_FILE:myelin> "${ARGN}" ${page} ${SCDOC}
    COMMENT "Writing ${name}(${section})")
  set(MYELIN_PAGES ${MYELIN_PAGES} ${page} PARENT_SCOPE)
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endfunction()
if(SCDOC)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/man)
  myelin_page(myelin 1)
  myelin_page(myelin-config 5 config)
else()
  message(STATUS "scdoc was not found: no manual pages")
endif()
set(MYELIN_COMPLETION ${PROJECT_BINARY_DIR}/completion/myelin)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/completion)
add_custom_command(OUTPUT ${MYELIN_COMPLETION} DEPENDS myelin VERBATIM
  COMMAND sh -c "\"$1\" completion bash >\"$2\"" completion $<TARGET_FILE:myelin>
          ${MYELIN_COMPLETION}
  COMMENT "Writing the bash completion")
install(FILES ${MYELIN_COMPLETION}
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
add_custom_target(myelin_pages ALL DEPENDS ${MYELIN_PAGES} ${MYELIN_COMPLETION})
