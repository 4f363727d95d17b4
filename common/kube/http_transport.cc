#include "common/kube/http_transport.h"

#include "absl/strings/cord.h"

namespace berth::kube {
namespace {

constexpr char kNotSentPayload[] = "berth.dev/http-not-sent";

}  // namespace

SendState SendStateOf(const absl::Status& failure) {
  return failure.GetPayload(kNotSentPayload) ? SendState::kNotSent : SendState::kMaybeSent;
}

absl::Status ConnectionError(SendState state, const std::string& text) {
  absl::Status status = absl::UnavailableError(text);
  if (state == SendState::kNotSent) status.SetPayload(kNotSentPayload, absl::Cord("true"));
  return status;
}

}  // namespace berth::kube
