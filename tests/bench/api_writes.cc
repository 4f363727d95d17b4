#include "tests/bench/api_writes.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <sstream>
#include <string>

#include "absl/strings/numbers.h"
#include "common/kube/curl_transport.h"
#include "common/status/macros.h"

namespace berth::bench {
namespace {

constexpr std::array<std::string_view, 5> kWrites = {"POST", "PUT", "PATCH", "APPLY", "DELETE"};

// Whether a line of the metrics counts writes of the resource.
bool Counts(const std::string& line, std::string_view resource) {
  if (!line.starts_with("apiserver_request_total{")) return false;
  if (line.find(fmt::format("resource=\"{}\"", resource)) == std::string::npos) return false;
  for (const std::string_view verb : kWrites) {
    if (line.find(fmt::format("verb=\"{}\"", verb)) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<WriteCount> CountWrites(const kube::Config& config, std::string_view resource) {
  constexpr std::chrono::seconds kTimeout{30};
  ASSIGN_OR_RETURN(const auto transport, kube::CurlTransport::Create(config, "berth-bench"));
  ASSIGN_OR_RETURN(const kube::HttpResponse answer,
                   transport->Send({.target = "/metrics",
                                    .deadline = std::chrono::steady_clock::now() + kTimeout}));
  constexpr int kHttpOk = 200;
  if (answer.head.status != kHttpOk) {
    return absl::UnavailableError(fmt::format("/metrics answers {}", answer.head.status));
  }
  WriteCount writes;
  std::istringstream lines(answer.body);
  for (std::string line; std::getline(lines, line);) {
    double value = 0;
    if (Counts(line, resource) && absl::SimpleAtod(line.substr(line.rfind(' ') + 1), &value)) {
      writes.all += value;
      if (line.find("code=\"409\"") != std::string::npos) writes.conflicts += value;
    }
  }
  return writes;
}

}  // namespace berth::bench
