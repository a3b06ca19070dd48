# Reads which operators there are, and adds each one's files to the lists of their rooms. What is read becomes
#   pass_rows       "op/pass" of each kernel that has a shader of its own
#   shared_passes  "op/pass/macros/source" of each kernel of shaders/elementwise.comp or updates.comp, the macros
#                  separated by blanks

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS src/op/ops.def shaders/common/elementwise.def
    shaders/common/updates.def)

# ---- Elementwise operators: shaders/common/elementwise.def has them; they share their files ----

file(STRINGS shaders/common/elementwise.def element_rows REGEX "^TENKA_(UNARY|ACTIVATION|BINARY)\\([a-z0-9_]+,")
set(shared_passes "")
foreach(row IN LISTS element_rows)
    string(REGEX MATCH "^TENKA_([A-Z]+)\\(([a-z0-9_]+), *([A-Z_]+|[a-z]+)(, *([0-2]))?" row "${row}")
    set(kind ${CMAKE_MATCH_1})
    set(op ${CMAKE_MATCH_2})
    set(back ${CMAKE_MATCH_3})
    if(kind STREQUAL "BINARY")
        list(APPEND shared_passes "${op}/fwd/TENKA_NAME=${op} TENKA_TWO/elementwise")
        continue()
    endif()
    list(APPEND shared_passes "${op}/fwd/TENKA_NAME=${op} TENKA_NUMBERS=${CMAKE_MATCH_5}/elementwise")
    if(NOT back STREQUAL "CONSTANT")
        list(APPEND shared_passes
            "${op}/dx/TENKA_NAME=${op} TENKA_NUMBERS=${CMAKE_MATCH_5} TENKA_${back}/elementwise")
    endif()
endforeach()

# ---- Updates of optimizers: shaders/common/updates.def has them ----

file(STRINGS shaders/common/updates.def update_rows REGEX "^TENKA_UPDATE\\([a-z0-9_]+,")
foreach(row IN LISTS update_rows)
    string(REGEX MATCH "^TENKA_UPDATE\\(([a-z0-9_]+), *([1-3])," row "${row}")
    list(APPEND shared_passes
        "${CMAKE_MATCH_1}/fwd/TENKA_NAME=${CMAKE_MATCH_1} TENKA_STATES=${CMAKE_MATCH_2}/updates")
endforeach()

# ---- Other operators: src/op/ops.def names them and their passes, in rows that start a line ----

file(STRINGS src/op/ops.def op_rows REGEX "^TENKA_OP\\([a-z0-9_]+,")
file(STRINGS src/op/ops.def pass_rows REGEX "^TENKA_PASS\\([a-z0-9_]+, *[a-z0-9_]+,")
list(TRANSFORM op_rows REPLACE "^TENKA_OP\\(([a-z0-9_]+),.*" "\\1")
list(TRANSFORM pass_rows REPLACE "^TENKA_PASS\\(([a-z0-9_]+), *([a-z0-9_]+),.*" "\\1/\\2")
list(TRANSFORM pass_rows REPLACE "/.*" "" OUTPUT_VARIABLE kernel_ops)
list(REMOVE_DUPLICATES kernel_ops)

# Stops when a file that the operator list asks for is absent.
function(tenka_require file reason)
    if(NOT EXISTS ${PROJECT_SOURCE_DIR}/${file})
        message(FATAL_ERROR "${file} is missing: ${reason} (see \"add an operator\" in docs/kernels.md)")
    endif()
endfunction()

foreach(op IN LISTS op_rows)
    tenka_require(src/check/op/${op}.c "src/op/ops.def lists the operator ${op}, which must have test cases")
    list(APPEND check_sources src/check/op/${op}.c)
endforeach()
foreach(op IN LISTS kernel_ops)
    if(NOT op IN_LIST op_rows)
        message(FATAL_ERROR "src/op/ops.def lists passes of ${op}, but no operator of this name")
    endif()
    tenka_require(shaders/${op}.comp "src/op/ops.def lists passes of ${op}, which must have a shader")
    tenka_require(src/backend/cpu/${op}.c "src/op/ops.def lists passes of ${op}, which must have CPU kernels")
    list(APPEND cpu_kernel_sources src/backend/cpu/${op}.c)
endforeach()
