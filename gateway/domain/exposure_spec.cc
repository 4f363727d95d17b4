#include "gateway/domain/exposure_spec.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/status/status.h"

namespace berth::gateway {
namespace {

constexpr std::size_t kMaxOwner = 253;
/// Keeps derived names readable and within a label's 63 characters.
constexpr std::size_t kTargetPartOfName = 40;

std::string HashDigits(std::string_view text, std::size_t digits) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string hex;
  for (unsigned char byte : digest) {
    hex += fmt::format("{:02x}", byte);
  }
  hex.resize(digits);
  return hex;
}

const std::string& NameOf(const Target& target) {
  return std::visit([](const auto& name) -> const std::string& { return name.str(); }, target);
}

}  // namespace

std::string ToString(const ServicePortRef& ref) {
  if (const Port* port = std::get_if<Port>(&ref)) {
    return fmt::format("{}", port->number());
  }
  if (const PortName* name = std::get_if<PortName>(&ref)) {
    return name->str();
  }
  return "";
}

std::string ToString(const Target& target) {
  return fmt::format("{} {}", std::holds_alternative<ServiceName>(target) ? "Service" : "release",
                     NameOf(target));
}

absl::StatusOr<ExposureSpec> ExposureSpec::Create(Target target, PoolName pool,
                                                  std::vector<PortWish> ports) {
  if (ports.empty() || ports.size() > kMaxPorts) {
    return InvalidField("ports", fmt::format("an exposure has 1 to {} ports", kMaxPorts));
  }
  std::set<EntryName> names;
  std::set<std::pair<Protocol, Port>> asked;
  for (const PortWish& wish : ports) {
    if (!names.insert(wish.name).second) {
      return InvalidField("ports", fmt::format("two entries are named '{}'", wish.name.str()));
    }
    if (wish.port.has_value() && !asked.emplace(wish.protocol, *wish.port).second) {
      return InvalidField("ports", fmt::format("two entries ask for {} port {}",
                                               pool::ToString(wish.protocol), wish.port->number()));
    }
  }
  std::sort(ports.begin(), ports.end(),
            [](const PortWish& a, const PortWish& b) { return a.name < b.name; });
  return ExposureSpec(std::move(target), std::move(pool), std::move(ports));
}

ExposureSpec::ExposureSpec(Target target, PoolName pool, std::vector<PortWish> ports)
    : target_(std::move(target)), pool_(std::move(pool)), ports_(std::move(ports)) {}

EntryName DefaultEntryName() { return *EntryName::Parse("port"); }

ExposureName DerivedName(const ExposureSpec& spec) {
  std::string wish = fmt::format("{} on {}", ToString(spec.target()), spec.pool().value());
  for (const PortWish& port : spec.ports()) {
    wish += fmt::format(";{}:{}:{}:{}", port.name.str(), pool::ToString(port.protocol),
                        ToString(port.target_port), port.port ? port.port->number() : 0);
  }
  const std::string target = NameOf(spec.target()).substr(0, kTargetPartOfName);
  return *ExposureName::Parse(fmt::format(
      "{}-{}", target.substr(0, target.find_last_not_of('-') + 1), HashDigits(wish, 10)));
}

std::string ClaimOwner(const ExposureKey& key) {
  std::string owner = key.ToString();
  if (owner.size() > kMaxOwner) {
    constexpr std::size_t kDigits = 32;
    const std::string hash = HashDigits(owner, kDigits);
    owner.resize(kMaxOwner - kDigits - 1);
    owner += "-" + hash;
  }
  return owner;
}

}  // namespace berth::gateway
