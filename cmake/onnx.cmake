# The ONNX reader: protobuf-c on the format's own description, onnx.proto. What the compiler makes of
# that is not ours, so it is built without our warnings.
pkg_check_modules(PROTOBUF_C QUIET IMPORTED_TARGET libprotobuf-c)
find_program(PROTOC_C protoc-c)
find_path(ONNX_PROTO_DIR onnx/onnx.proto)
if(NOT PROTOBUF_C_FOUND OR NOT PROTOC_C OR NOT ONNX_PROTO_DIR)
  message(STATUS "libprotobuf-c, protoc-c or onnx.proto was not found: no ONNX reader")
  set(ONNX_FOUND FALSE)
  return()
endif()
set(ONNX_FOUND TRUE)
set(MYELIN_ONNX_DIR ${PROJECT_BINARY_DIR}/onnx)
file(MAKE_DIRECTORY ${MYELIN_ONNX_DIR})
add_custom_command(OUTPUT ${MYELIN_ONNX_DIR}/onnx.pb-c.c ${MYELIN_ONNX_DIR}/onnx.pb-c.h VERBATIM
  COMMAND ${PROTOC_C} --c_out=${MYELIN_ONNX_DIR} --proto_path=${ONNX_PROTO_DIR}/onnx onnx.proto
  DEPENDS ${ONNX_PROTO_DIR}/onnx/onnx.proto
  COMMENT "Generating the ONNX reader's messages")
add_library(myelin_onnx OBJECT ${MYELIN_ONNX_DIR}/onnx.pb-c.c)
target_compile_options(myelin_onnx PRIVATE -fvisibility=hidden)
target_link_libraries(myelin_onnx PRIVATE PkgConfig::PROTOBUF_C)
# Others wait for the header and see it as the system's.
add_custom_target(myelin_onnx_generated DEPENDS ${MYELIN_ONNX_DIR}/onnx.pb-c.h)
add_library(myelin_onnx_headers INTERFACE)
target_include_directories(myelin_onnx_headers SYSTEM INTERFACE ${MYELIN_ONNX_DIR})
add_dependencies(myelin_onnx_headers myelin_onnx_generated)
add_dependencies(myelin_onnx myelin_onnx_generated)
