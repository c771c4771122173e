# What `cmake --install` puts where; scripts/package makes the .deb and the tarball of it.
include(GNUInstallDirs)
install(TARGETS virserver virctl RUNTIME DESTINATION bin)
install(TARGETS virserver-shim RUNTIME DESTINATION libexec/virserver)  # virserver looks there and beside itself
install(FILES ${CMAKE_SOURCE_DIR}/deploy/virserver.conf DESTINATION share/doc/virserver/examples)
install(FILES ${CMAKE_SOURCE_DIR}/README.md ${CMAKE_SOURCE_DIR}/README.zh-CN.md DESTINATION share/doc/virserver)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/ DESTINATION share/doc/virserver/docs FILES_MATCHING PATTERN "*.md" PATTERN adr EXCLUDE)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/examples/ DESTINATION share/doc/virserver/examples PATTERN build EXCLUDE)

# The shells' completion is what virctl itself prints.
foreach(shell_file bash:bash-completion/completions/virctl zsh:zsh/vendor-completions/_virctl fish:fish/vendor_completions.d/virctl.fish)
  string(REPLACE ":" ";" pair ${shell_file})
  list(GET pair 0 shell)
  list(GET pair 1 file)
  set(made ${CMAKE_BINARY_DIR}/completion/${file})
  get_filename_component(dir ${made} DIRECTORY)
  file(MAKE_DIRECTORY ${dir})
  install(CODE "execute_process(COMMAND $<TARGET_FILE:virctl> completion ${shell} OUTPUT_FILE ${made} COMMAND_ERROR_IS_FATAL ANY)")
  get_filename_component(to ${file} DIRECTORY)
  install(FILES ${made} DESTINATION share/${to})
endforeach()
