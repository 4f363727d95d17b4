#include "ingress-service/domain/load_balancer_service.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>

#include "common/kube/object.h"
#include "common/status/status.h"

namespace berth::ingress {
namespace {

using kube::Json;

// With the rest of the name 63 characters, which is all that a DNS label may have.
constexpr std::size_t kMaxPoolPart = 36;
constexpr std::size_t kHashPart = 10;

std::string Joined(const std::vector<pool::Address>& addresses) {
  std::vector<std::string> hosts;
  hosts.reserve(addresses.size());
  for (const pool::Address& address : addresses) {
    hosts.push_back(address.host());
  }
  return fmt::format("{}", fmt::join(hosts, ","));
}

// The families of the addresses, each once, in their order.
Json Families(const std::vector<pool::Address>& addresses) {
  Json families = Json::array();
  for (const pool::Address& address : addresses) {
    const Json family = address.kind() == pool::Address::Kind::kIpv6 ? "IPv6" : "IPv4";
    if (std::find(families.begin(), families.end(), family) == families.end()) {
      families.push_back(family);
    }
  }
  return families;
}

Json TargetPort(const Backend& backend) {
  const pool::Port* number = std::get_if<pool::Port>(&backend.port);
  return number != nullptr ? Json(number->number()) : Json(std::get<std::string>(backend.port));
}

Json SourceRanges(const std::vector<SourceRange>& ranges) {
  Json texts = Json::array();
  for (const SourceRange& range : ranges) {
    texts.push_back(range.ToString());
  }
  return texts.empty() ? Json(nullptr) : texts;
}

Json Annotations(const ServiceWish& wish) {
  Json annotations = pool::SharingAnnotations(wish.settings);
  annotations[pool::AddressAnnotation(wish.settings.implementation)] = Joined(wish.addresses);
  return annotations;
}

absl::Status NotYet(const Json& service, const ServiceWish& wish, const std::string& what) {
  // Some controllers say why in a condition, the others in events alone.
  std::string why;
  for (const Json& condition : kube::At(service, {"status", "conditions"})) {
    if (kube::StringAt(condition, {"status"}) == "False") {
      why += fmt::format("; {}: {}", kube::StringAt(condition, {"reason"}),
                         kube::StringAt(condition, {"message"}));
    }
  }
  return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_PROGRAMMED,
               fmt::format("Service {} {}{}; see its events, which {} writes",
                           kube::NameOf(service).ToString(), what, why,
                           pool::ToString(wish.settings.implementation)));
}

}  // namespace

std::string ServiceName(const pool::ClaimName& rule, std::string_view ns) {
  const std::string hash = Fingerprint(Json(fmt::format("{}/{}", ns, rule.ToString())));
  return fmt::format("berth-{}-{}-{}-{}", rule.pool().value().substr(0, kMaxPoolPart),
                     pool::ToLowerString(rule.protocol()), rule.port().number(),
                     hash.substr(0, kHashPart));
}

RuleObject ServiceObject(const kube::ObjectName& name, const Rule& rule, const ServiceWish& wish) {
  const Json families = Families(wish.addresses);
  Json spec = {{"type", "LoadBalancer"},
               {"allocateLoadBalancerNodePorts", false},
               {"externalTrafficPolicy", pool::ToString(wish.settings.traffic_policy)},
               {"ipFamilyPolicy", families.size() > 1 ? "RequireDualStack" : "SingleStack"},
               {"ipFamilies", families},
               {"loadBalancerSourceRanges", SourceRanges(wish.source_ranges)},
               {"selector", wish.backend.selector},
               {"ports", Json::array({{{"name", pool::ToLowerString(wish.key.protocol)},
                                       {"protocol", pool::ToString(wish.key.protocol)},
                                       {"port", wish.key.port.number()},
                                       {"targetPort", TargetPort(wish.backend)}}})}};
  if (!wish.load_balancer_class.empty()) {
    spec["loadBalancerClass"] = wish.load_balancer_class;
  }
  return {
      .resource = kube::kServices,
      .name = name,
      .content = {{"metadata",
                   {{"labels", {{kRuleUidLabel, rule.uid}, {kPoolLabel, rule.name.pool().value()}}},
                    {"annotations", Annotations(wish)}}},
                  {"spec", std::move(spec)}},
      .exact = {Json::json_pointer("/spec/selector")}};
}

absl::Status ServiceVerdict(const Json& service, const ServiceWish& wish) {
  const Json& ingress = kube::At(service, {"status", "loadBalancer", "ingress"});
  if (!ingress.is_array() || ingress.empty()) {
    return NotYet(service, wish, fmt::format("has not got {} yet", Joined(wish.addresses)));
  }
  for (const Json& entry : ingress) {
    const absl::StatusOr<pool::Address> address = pool::Address::FromJson(entry);
    if (!address.ok() ||
        std::find(wish.addresses.begin(), wish.addresses.end(), *address) == wish.addresses.end()) {
      return NotYet(service, wish,
                    fmt::format("has got {} in place of {}",
                                address.ok() ? address->host() : "what is no address",
                                Joined(wish.addresses)));
    }
    for (const Json& port : kube::At(entry, {"ports"})) {
      if (const std::string error = kube::StringAt(port, {"error"}); !error.empty()) {
        return NotYet(service, wish,
                      fmt::format("reports error {} for its port on {}", error, address->host()));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace berth::ingress
