// Why does it hang? What is known of a board's guest: where its processors are, the loop they sit in, what they touch in
// vain, and what else has it.
#pragma once
#include <boost/json/object.hpp>

#include <string>
#include <vector>

#include "backend/guest_access.hpp"
#include "session/loop_finder.hpp"

namespace virserver::session {

// An access of the guest in the board's terms.
struct AccessView {
  backend::GuestAccess access;
  std::optional<std::uint64_t> address;  // absolute, where the machine's map tells
  std::string device;                    // what the machine has there, or the block that the vendor has there
  std::string register_name;             // "RCC_CR"; empty where the table does not know
  std::string location = {};             // of access.pc in the program: "main.c:26 in start_clock"; empty when not known
};

// A register that the loop reads again and again.
struct PolledView {
  std::uint64_t address = 0, instruction = 0;
  std::string device, model, register_name;
  bool stub = false;
  bool modelled = false;                 // a register model of the board answers; `model` names it
  std::optional<Awaited> awaited = {};   // what ends the loop; nothing: not understood
  std::string location = {};             // of the instruction in the program; empty when not known
};

// The same device, on something that emulates it.
struct ElsewhereView {
  std::string device, backend, board_template, model;  // board_template empty: the same board
};

struct Diagnosis {
  std::vector<ProcessorState> processors;
  std::vector<PolledView> polled;        // of the loops, by processor
  std::vector<AccessView> accesses;      // unimplemented first, most often first
  std::uint64_t further_accesses = 0;
  std::vector<ElsewhereView> elsewhere;
  bool watched = false;
  std::string why_not_watched;
  std::vector<std::string> summary;      // sentences, weightiest first
  std::string proposed_models;           // propose_models(); empty: nothing to propose
};

// Names an access with the machine's map and the table of vendor registers (`soc` of the board).
AccessView view_of(const backend::GuestAccess& access, const backend::EnginePlan& plan, std::string_view soc);

// As the API and events show them.
boost::json::object access_json(const AccessView& view);

// The chip of a kept board's first node; empty if it does not say.
std::string soc_of(const boost::json::object& board);

// The sentences. `machine` may be empty.
std::vector<std::string> summarize(const Diagnosis& diagnosis, const backend::EnginePlan& plan);

}  // namespace virserver::session
