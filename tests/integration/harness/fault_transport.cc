#include "tests/integration/harness/fault_transport.h"

#include <utility>

namespace berth::harness {

FaultTransport::FaultTransport(std::unique_ptr<kube::HttpTransport> inner)
    : inner_(std::move(inner)) {}

void FaultTransport::Add(Fault fault, Matcher matcher, int times) {
  MutexLock lock(mutex_);
  planned_.push_back({.fault = std::move(fault), .matcher = std::move(matcher), .times = times});
}

int FaultTransport::pending() const {
  MutexLock lock(mutex_);
  int pending = 0;
  for (const Planned& planned : planned_) pending += planned.times;
  return pending;
}

absl::StatusOr<kube::HttpResponse> FaultTransport::Send(const kube::HttpRequest& request) {
  const std::optional<Fault> fault = Take(request);
  if (!fault) return inner_->Send(request);
  switch (fault->kind) {
    case Fault::Kind::kNotSent:
      return kube::ConnectionError(kube::SendState::kNotSent, "fault: not sent");
    case Fault::Kind::kAnswerLost: {
      const auto lost = inner_->Send(request);
      return kube::ConnectionError(kube::SendState::kMaybeSent, "fault: answer lost");
    }
    case Fault::Kind::kStatus: {
      kube::HttpResponse response;
      response.head.status = fault->http_status;
      if (!fault->retry_after.empty()) response.head.headers["retry-after"] = fault->retry_after;
      response.body = "fault";
      return response;
    }
  }
  return absl::InternalError("no such fault");
}

std::unique_ptr<kube::HttpStream> FaultTransport::Open(const kube::HttpRequest& request) {
  return inner_->Open(request);
}

std::optional<Fault> FaultTransport::Take(const kube::HttpRequest& request) {
  MutexLock lock(mutex_);
  for (auto planned = planned_.begin(); planned != planned_.end(); ++planned) {
    if (!planned->matcher(request)) continue;
    Fault fault = planned->fault;
    if (--planned->times == 0) planned_.erase(planned);
    return fault;
  }
  return std::nullopt;
}

FaultTransport::Matcher Method(kube::HttpMethod method) {
  return [method](const kube::HttpRequest& request) { return request.method == method; };
}

}  // namespace berth::harness
