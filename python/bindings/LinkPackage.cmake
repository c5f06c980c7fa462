# Makes PACKAGE (in the build tree) a package of links to SOURCE (in the checkout). Only folders that
# also hold generated files are real ones, so new sources in all others need no build step.
set(shared_folders "dialects")

foreach(folder "" ${shared_folders})
  file(MAKE_DIRECTORY "${PACKAGE}/${folder}")
  file(GLOB entries RELATIVE "${SOURCE}/${folder}" "${SOURCE}/${folder}/*")
  list(REMOVE_ITEM entries __pycache__ ${shared_folders})
  foreach(entry ${entries})
    file(CREATE_LINK "${SOURCE}/${folder}/${entry}" "${PACKAGE}/${folder}/${entry}" SYMBOLIC)
  endforeach()
  # Sources that are gone leave dangling links.
  file(GLOB links LIST_DIRECTORIES true "${PACKAGE}/${folder}/*")
  foreach(link ${links})
    if(IS_SYMLINK "${link}" AND NOT EXISTS "${link}")
      file(REMOVE "${link}")
    endif()
  endforeach()
endforeach()
