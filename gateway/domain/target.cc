#include "gateway/domain/target.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::gateway {
namespace {

std::string PortText(const ServicePort& port) {
  return port.name.empty()
             ? fmt::format("{}/{}", port.number, pool::ToString(port.protocol))
             : fmt::format("{} ({}/{})", port.name, port.number, pool::ToString(port.protocol));
}

std::string DescribePorts(const Service& service) {
  std::vector<std::string> ports;
  ports.reserve(service.ports.size());
  for (const ServicePort& port : service.ports) {
    ports.push_back(PortText(port));
  }
  return ports.empty() ? "none" : fmt::format("{}", fmt::join(ports, ", "));
}

bool Means(const ServicePortRef& ref, const ServicePort& port) {
  if (const Port* number = std::get_if<Port>(&ref)) {
    return port.number == number->number();
  }
  if (const PortName* name = std::get_if<PortName>(&ref)) {
    return port.name == name->str();
  }
  return true;
}

absl::Status Ambiguous(std::string_view what, const std::vector<std::string>& candidates) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_TARGET_AMBIGUOUS,
               fmt::format("{}: {}", what, fmt::join(candidates, ", ")))
      .WithMetadata("candidates", fmt::format("{}", fmt::join(candidates, ",")));
}

absl::StatusOr<ServicePortRef> ResolvePort(const PortWish& wish, const Service& service) {
  std::vector<const ServicePort*> fitting;
  for (const ServicePort& port : service.ports) {
    if (port.protocol == wish.protocol && Means(wish.target_port, port)) {
      fitting.push_back(&port);
    }
  }
  const std::string wanted = ToString(wish.target_port);
  if (fitting.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_TARGET_PORT_NOT_FOUND,
                 fmt::format("Service {} has no {} port{}{}; its ports: {}", service.name.str(),
                             pool::ToString(wish.protocol), wanted.empty() ? "" : " ", wanted,
                             DescribePorts(service)));
  }
  if (fitting.size() > 1) {
    std::vector<std::string> candidates;
    candidates.reserve(fitting.size());
    for (const ServicePort* port : fitting) {
      candidates.push_back(fmt::format("{}:{}", service.name.str(), port->number));
    }
    return Ambiguous(fmt::format("Service {} has several {} ports, name one", service.name.str(),
                                 pool::ToString(wish.protocol)),
                     candidates);
  }
  if (!std::holds_alternative<OnlyPort>(wish.target_port)) {
    return wish.target_port;
  }
  ASSIGN_OR_RETURN(Port number, Port::Parse(fitting.front()->number));
  return number;
}

absl::StatusOr<ResolvedTarget> ResolvePorts(const ExposureSpec& spec, const Service& service) {
  ResolvedTarget resolved{.service = service.name, .ports = {}};
  for (const PortWish& wish : spec.ports()) {
    ASSIGN_OR_RETURN(ServicePortRef ref, ResolvePort(wish, service));
    resolved.ports.emplace(wish.name, std::move(ref));
  }
  return resolved;
}

absl::StatusOr<ResolvedTarget> ResolveRelease(const ReleaseName& release, const ExposureSpec& spec,
                                              const std::vector<Service>& services) {
  std::vector<ResolvedTarget> fitting;
  std::vector<std::string> candidates;
  absl::Status refusal =
      Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_TARGET_NOT_FOUND,
            fmt::format("release {} has no Service in this namespace", release.str()));
  for (const Service& service : services) {
    if (service.release != release.str()) {
      continue;
    }
    absl::StatusOr<ResolvedTarget> resolved = ResolvePorts(spec, service);
    if (resolved.ok()) {
      candidates.push_back(service.name.str());
      fitting.push_back(*std::move(resolved));
    } else if (ReasonOf(refusal) != Reason::ERROR_REASON_TARGET_AMBIGUOUS) {
      // A Service that needs only a closer wish is the better hint.
      refusal = resolved.status();
    }
  }
  if (fitting.empty()) {
    return WithContext(refusal, fmt::format("release {}", release.str()));
  }
  if (fitting.size() > 1) {
    return Ambiguous(
        fmt::format("release {} has several Services with these ports, name one", release.str()),
        candidates);
  }
  return std::move(fitting.front());
}

absl::StatusOr<ResolvedTarget> ResolveService(const ServiceName& name, const ExposureSpec& spec,
                                              const std::vector<Service>& services) {
  const auto found = std::find_if(services.begin(), services.end(),
                                  [&](const Service& service) { return service.name == name; });
  if (found == services.end()) {
    return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_TARGET_NOT_FOUND,
                 fmt::format("no Service {} in this namespace", name.str()));
  }
  return ResolvePorts(spec, *found);
}

}  // namespace

absl::StatusOr<ResolvedTarget> ResolveTarget(const ExposureSpec& spec,
                                             const std::vector<Service>& services) {
  if (const ReleaseName* release = std::get_if<ReleaseName>(&spec.target())) {
    return ResolveRelease(*release, spec, services);
  }
  return ResolveService(std::get<ServiceName>(spec.target()), spec, services);
}

}  // namespace berth::gateway
