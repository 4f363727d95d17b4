#include "common/operation/spec_check.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "common/status/status.h"

namespace berth::operation {
namespace {

constexpr std::size_t kMaxRequestIdBytes = 128;
constexpr std::chrono::hours kMaxTimeout(24);
constexpr std::string_view kNamePrefix = "op-";
constexpr std::size_t kNameBytes = 29;

bool IsOperationName(const std::string& name) {
  const auto in_alphabet = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'); };
  return name.size() == kNameBytes && name.starts_with(kNamePrefix) &&
         std::all_of(name.begin() + kNamePrefix.size(), name.end(), in_alphabet);
}

}  // namespace

absl::Status CheckSpec(const Spec& spec) {
  FieldViolations violations;
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  if (spec.request_id.size() > kMaxRequestIdBytes ||
      !std::all_of(spec.request_id.begin(), spec.request_id.end(), printable)) {
    violations.Add("run.request_id", "at most 128 printable ASCII characters");
  }
  if (spec.timeout < std::chrono::seconds(1) || spec.timeout > kMaxTimeout) {
    violations.Add("run.timeout", "from 1 s to 24 h");
  }
  if (!spec.parent.empty() && !IsOperationName(spec.parent)) {
    violations.Add("run.parent_operation", "not the name of an operation");
  }
  return violations.ToStatus();
}

absl::Status CheckOperationName(const std::string& name) {
  if (IsOperationName(name)) return absl::OkStatus();
  return InvalidField("name", "not the name of an operation: 'op-' and 26 characters");
}

}  // namespace berth::operation
