# SPDX-License-Identifier: Apache-2.0
#
# migrations_embed(FOLDER OUTPUT VERSION): writes the C file OUTPUT with every NNNN_name.sql of
# FOLDER, its checksum, and the oldest program that may go on working with it. What is not right
# about a file is said now, not on somebody's database. VERSION is that of the program.

function(migrations_embed folder output version)
  file(GLOB files CONFIGURE_DEPENDS "${folder}/*.sql")
  list(SORT files)
  set(number 0)
  set(texts "")
  set(rows "")
  foreach(file IN LISTS files)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    cmake_path(GET file FILENAME filename)
    math(EXPR number "${number} + 1")
    if(NOT filename MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)\\.sql$")
      message(FATAL_ERROR "${file}: its name is not NNNN_name.sql")
    endif()
    set(name "${CMAKE_MATCH_2}")
    math(EXPR found "1${CMAKE_MATCH_1} - 10000")
    if(NOT found EQUAL number)
      message(FATAL_ERROR "${file}: expected number ${number}: no gaps and no doubles")
    endif()

    file(READ "${file}" sql)
    if(NOT sql MATCHES "(^|\n)-- works with: ([0-9]+\\.[0-9]+\\.[0-9]+)\n")
      message(FATAL_ERROR "${file}: no line \"-- works with: VERSION\" names the oldest program "
                          "that may go on working when it has been applied")
    endif()
    set(oldest "${CMAKE_MATCH_2}")
    if(oldest VERSION_GREATER version)
      message(FATAL_ERROR "${file}: works with ${oldest}, but this program is ${version}")
    endif()
    file(SHA256 "${file}" checksum)

    string(REPLACE "\\" "\\\\" sql "${sql}")
    string(REPLACE "\"" "\\\"" sql "${sql}")
    string(REPLACE "\n" "\\n\"\n    \"" sql "${sql}")
    string(APPEND texts "static const char sql_${number}[] =\n    \"${sql}\";\n\n")
    string(APPEND rows "    {.number = ${number},\n     .name = \"${name}\",\n"
                       "     .sql = sql_${number},\n     .checksum = \"${checksum}\",\n"
                       "     .oldest_program = \"${oldest}\"},\n")
  endforeach()
  if(number EQUAL 0)
    message(FATAL_ERROR "${folder}: no migrations")
  endif()

  file(
    WRITE "${output}.new"
    "/* Made by worker/postgres/migrations.cmake. */\n"
    "#include \"worker/postgres/migration.h\"\n\n#include \"till/version.h\"\n\n"
    "${texts}static const struct migration items[] = {\n${rows}};\n\n"
    "const struct migration_list migrations = {\n"
    "    .items = items, .count = ${number}, .program = TILL_VERSION};\n")
  configure_file("${output}.new" "${output}" COPYONLY) # leaves an equal file alone
endfunction()
