#include "port-service/domain/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "common/status/status.h"

namespace berth::port {
namespace {

absl::Status Refuse(std::string_view problem) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_INVALID_FIELD, problem);
}

absl::Status CheckWord(std::string_view text, std::size_t max_size) {
  const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
  if (text.empty()) {
    return Refuse("is required");
  }
  if (text.size() > max_size || !std::all_of(text.begin(), text.end(), printable)) {
    return Refuse(
        fmt::format("must be 1 to {} printable ASCII characters without spaces", max_size));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Owner> Owner::Parse(std::string_view text) {
  if (absl::Status status = CheckWord(text, 253); !status.ok()) {
    return status;
  }
  return Owner(std::string(text));
}

absl::StatusOr<RequestId> RequestId::Parse(std::string_view text) {
  if (absl::Status status = CheckWord(text, 128); !status.ok()) {
    return status;
  }
  return RequestId(std::string(text));
}

absl::StatusOr<EntryName> EntryName::Parse(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (text.size() > 15 || !std::all_of(text.begin(), text.end(), allowed)) {
    return Refuse("must be at most 15 lower case letters, digits and '-'");
  }
  return EntryName(std::string(text));
}

}  // namespace berth::port
