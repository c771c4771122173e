// Input for UARTs that forget a byte when the next one comes (Mach::input_gap_ms).
#pragma once
#include <chrono>
#include <filesystem>
#include <string>

#include "base/asio.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"
#include "process/engine_process.hpp"

namespace virserver::backend::skyeye {

// Writes `bytes` to a console over FIFOs, each when SkyEye has taken the one before and has worked for `work` since: processor
// time, because the host's clock says nothing about how far a program came. `process` must outlive the call; calls for one
// process follow each other. Errors: those of process.write(), TOO_MANY_REQUESTS when nothing is taken (the machine stands).
Task<Result<void>> type_slowly(process::EngineProcess& process, std::filesystem::path engine_dir, std::string console, Bytes bytes,
                               std::chrono::milliseconds work);

}  // namespace virserver::backend::skyeye
