// Every error a user can meet: its stable name, the HTTP status it answers with, and what it means.
//
// The names are part of the API: they never change and are never reused. docs/troubleshooting.md has a paragraph for
// each (a test compares). Add a row; nothing else needs to know.
#pragma once
#include <string_view>

// clang-format off
#define VIRSERVER_ERROR_CODES(X) \
  /* requests */ \
  X(INVALID_REQUEST,            400, "the request is malformed or does not match the schema") \
  X(INVALID_JSON,               400, "the body is not JSON") \
  X(FOREIGN_ORIGIN,             403, "the request came from a web page or host name that is not allowed") \
  X(NOT_FOUND,                  404, "no such path or resource") \
  X(METHOD_NOT_ALLOWED,         405, "the path exists but not with this method") \
  X(REQUEST_TIMEOUT,            408, "the client sent its request too slowly") \
  X(CONFLICT,                   409, "the resource already exists or is being changed") \
  X(IDEMPOTENCY_MISMATCH,       409, "the Idempotency-Key was used before with another request") \
  X(PAYLOAD_TOO_LARGE,          413, "the body is larger than this call accepts") \
  X(URI_TOO_LONG,               414, "the request target is too long") \
  X(UNSUPPORTED_MEDIA_TYPE,     415, "the Content-Type is not one this call accepts") \
  X(UPGRADE_REQUIRED,           426, "this path is a WebSocket") \
  X(TOO_MANY_REQUESTS,          429, "a limit of this server is reached") \
  X(HEADERS_TOO_LARGE,          431, "the request headers are too large") \
  X(INTERNAL,                   500, "a defect in VirServer; the log has the details under the request id") \
  X(NOT_READY,                  503, "the server is starting or stopping") \
  /* boards */ \
  X(BOARD_INVALID,              422, "the board description is not valid; details name the place") \
  X(BOARD_SYNTAX,               400, "the board description is not JSON or YAML; details name line and column") \
  X(BOARD_UNPLANNABLE,          422, "no backend can run this board; details list the findings") \
  X(TEMPLATE_NOT_FOUND,         404, "no template with this id") \
  X(TEMPLATE_READ_ONLY,         403, "built-in templates cannot be changed; create your own under another id") \
  X(TEMPLATE_EXISTS,            409, "a template with this id exists") \
  /* images */ \
  X(IMAGE_EMPTY,                422, "the image has no bytes") \
  X(IMAGE_TRUNCATED,            422, "the image ends in the middle") \
  X(IMAGE_MALFORMED,            422, "the image is not what its format says; details name the place") \
  X(IMAGE_TOO_LARGE,            413, "the image is larger than this server accepts") \
  X(IMAGE_UNSUPPORTED,          422, "the image is of a kind that cannot be loaded") \
  X(IMAGE_ADDRESS_REQUIRED,     422, "a raw binary needs a load address on this board") \
  X(IMAGE_WRONG_ARCHITECTURE,   422, "the image is built for another processor than the board has") \
  X(IMAGE_OUTSIDE_MEMORY,       422, "the image has bytes where the board has no memory") \
  X(IMAGE_OVERLAP,              422, "two images, or two parts of one, load to the same addresses") \
  X(IMAGE_BAD_VECTOR_TABLE,     422, "the image's vector table does not point to memory") \
  X(PROGRAM_NOT_FOUND,          404, "no program with this id in the session") \
  /* sessions */ \
  X(SESSION_NOT_FOUND,          404, "no session with this id") \
  X(SESSION_STATE,              409, "the session's state does not allow this") \
  X(SESSION_LIMIT,              429, "the limit of sessions on this server is reached") \
  X(RESOURCES_TOO_SMALL,        422, "the resource limits are below what the backend needs; details give the minimum") \
  X(CONSOLE_NOT_FOUND,          404, "the session has no console of this name") \
  X(CONSOLE_CLOSED,             409, "the console takes no input: the board is off") \
  X(DEVICE_NOT_FOUND,           404, "the running board has no device, or interrupt, of this name") \
  /* backends */ \
  X(BACKEND_NOT_FOUND,          422, "no backend of this name") \
  X(BACKEND_ABSENT,             503, "the emulator is not installed on this host; details say what to install") \
  X(UNSUPPORTED_BY_BACKEND,     422, "the backend cannot do this; the message says why") \
  X(ENGINE_START_FAILED,        502, "the emulator did not start; details hold what it printed") \
  X(ENGINE_DIED,                502, "the emulator ended unexpectedly") \
  X(ENGINE_TIMEOUT,             504, "the emulator did not answer in time") \
  X(ENGINE_PROTOCOL,            502, "the emulator answered something unexpected") \
  /* debugging */ \
  X(TARGET_OFF,                 409, "there is no machine to debug: the board is off") \
  X(TARGET_RUNNING,             409, "this needs a stopped machine: pause it first") \
  X(MEMORY_UNMAPPED,            422, "there is no memory at this address; the message names it") \
  X(REGISTER_NOT_FOUND,         404, "the processor has no register of this name") \
  X(REGISTER_UNAVAILABLE,       422, "the emulator does not give, or take, the value of this register now") \
  X(BREAKPOINT_REFUSED,         422, "the emulator did not take the breakpoint; the message says why") \
  X(LOCATION_NOT_FOUND,         404, "the loaded programs have no symbol or source line of this name") \
  X(BREAKPOINT_NOT_FOUND,       404, "there is no such breakpoint") \
  /* host */ \
  X(STORAGE_FULL,               507, "the disk is full") \
  X(STORAGE_ERROR,              500, "reading or writing the data directory failed")
// clang-format on

namespace virserver {

enum class ErrorCode {
#define X(name, status, meaning) name,
  VIRSERVER_ERROR_CODES(X)
#undef X
};

struct ErrorCodeInfo {
  ErrorCode code;
  std::string_view name;
  int http_status;
  std::string_view meaning;
};

inline constexpr ErrorCodeInfo error_code_table[] = {
#define X(name, status, meaning) {ErrorCode::name, #name, status, meaning},
    VIRSERVER_ERROR_CODES(X)
#undef X
};

constexpr const ErrorCodeInfo& info(ErrorCode code) { return error_code_table[static_cast<int>(code)]; }

}  // namespace virserver
