# Two kinds of library: plain C++ (no MLIR header: builds in seconds) and MLIR C++ (one shared
# precompiled header, because parsing MLIR's headers dominates the build time).

# afe_plain_library(NAME SOURCES... [DEPS ...])
function(afe_plain_library name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS})
  target_compile_options(${name} PRIVATE -fno-exceptions -fno-rtti)
endfunction()

# afe_mlir_library(NAME SOURCES... [DEPS ...])   DEPS: other libraries or tablegen targets
function(afe_mlir_library name)
  cmake_parse_arguments(ARG "" "" "DEPS;TABLEGEN" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  if(ARG_TABLEGEN)
    add_dependencies(${name} ${ARG_TABLEGEN})
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_DEPS} MLIR LLVM)
  target_compile_options(${name} PRIVATE -fno-exceptions)
  if(TARGET AfePch)
    target_compile_options(${name} PRIVATE -Xclang -fno-pch-timestamp)
    target_precompile_headers(${name} REUSE_FROM AfePch)
  endif()
endfunction()

# afe_pass_tablegen(GROUP): Passes.h.inc from the Passes.td that LLVM_TARGET_DEFINITIONS names, with
# statistics that count (lib/Support/PassStatistic.h says why MLIR's do not). The library of the
# passes links AfeSupport, and its Passes.h includes "Support/PassStatistic.h".
macro(afe_pass_tablegen group)
  mlir_tablegen(Passes.mlir.h.inc -gen-pass-decls -name ${group})
  add_custom_command(
    OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/Passes.h.inc
    COMMAND sed "s/::mlir::Pass::Statistic /::afe::PassStatistic /" Passes.mlir.h.inc > Passes.h.inc
    DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/Passes.mlir.h.inc
    VERBATIM)
  list(APPEND TABLEGEN_OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/Passes.h.inc)
endmacro()
