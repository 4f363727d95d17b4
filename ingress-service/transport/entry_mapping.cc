#include "ingress-service/transport/entry_mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "common/status/macros.h"
#include "common/status/rpc_status.h"
#include "common/status/status.h"
#include "ingress-service/transport/rule_mapping.h"

namespace berth::ingress {
namespace {

constexpr int kMaxEntries = 1000;
constexpr std::size_t kMaxOwner = 253;

std::optional<PortKey> ToKey(const v1::EntryKey& entry, const std::string& field,
                             FieldViolations& violations) {
  const absl::StatusOr<pool::Port> port = pool::Port::Parse(std::int64_t{entry.port()});
  if (!port.ok()) {
    violations.Add(field + ".port", "must be 1 to 65535");
  }
  const bool is_known =
      entry.protocol() == port::v1::PROTOCOL_TCP || entry.protocol() == port::v1::PROTOCOL_UDP;
  if (!is_known) {
    violations.Add(field + ".protocol", "must be PROTOCOL_TCP or PROTOCOL_UDP");
  }
  if (!port.ok() || !is_known) {
    return std::nullopt;
  }
  return PortKey{
      entry.protocol() == port::v1::PROTOCOL_TCP ? pool::Protocol::kTcp : pool::Protocol::kUdp,
      *port};
}

std::vector<PortKey> ToKeys(const v1::AdoptRulesRequest& request, FieldViolations& violations) {
  std::vector<PortKey> keys;
  if (request.entries_size() > kMaxEntries) {
    violations.Add("entries", fmt::format("must have at most {} entries", kMaxEntries));
    return keys;
  }
  std::set<PortKey> seen;
  for (int i = 0; i < request.entries_size(); ++i) {
    const std::string field = fmt::format("entries[{}]", i);
    const std::optional<PortKey> key = ToKey(request.entries(i), field, violations);
    if (key && !seen.insert(*key).second) {
      violations.Add(field, "is named twice in the request");
    } else if (key) {
      keys.push_back(*key);
    }
  }
  return keys;
}

v1::EntryKey KeyOf(const pool::ClaimName& name) {
  v1::EntryKey proto;
  proto.set_protocol(ToProto(name.protocol()));
  proto.set_port(name.port().number());
  return proto;
}

}  // namespace

absl::StatusOr<Adopter::Request> ToAdoption(const v1::AdoptRulesRequest& request) {
  FieldViolations violations;
  const absl::StatusOr<pool::PoolName> pool = pool::PoolName::Parse(request.pool());
  if (!pool.ok()) {
    violations.Add("pool", "must be a pool's name");
  }
  const std::string& owner = request.owner();
  const bool is_owner =
      !owner.empty() && owner.size() <= kMaxOwner &&
      std::all_of(owner.begin(), owner.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!is_owner) {
    violations.Add("owner", "must be 1 to 253 printable ASCII characters without spaces");
  }
  std::vector<PortKey> keys = ToKeys(request, violations);
  RETURN_IF_ERROR(violations.ToStatus());
  return Adopter::Request{.pool = *pool,
                          .keys = std::move(keys),
                          .owner = owner,
                          .validate_only = request.validate_only()};
}

v1::AdoptRuleResult ToProto(const Adoption& adoption) {
  v1::AdoptRuleResult proto;
  *proto.mutable_entry() = KeyOf(adoption.name);
  *proto.mutable_status() = ToRpcStatus(adoption.status);
  if (adoption.entry) {
    *proto.mutable_target() = ToProto(adoption.entry->target);
    *proto.mutable_options() = ToProto(adoption.entry->options);
  }
  if (adoption.rule) {
    *proto.mutable_rule() = ToProto(*adoption.rule);
  }
  return proto;
}

v1::EntryDrift ToProto(const ObjectDrift& drift) {
  v1::EntryDrift proto;
  proto.set_object(drift.object);
  proto.set_protocol(ToProto(drift.drift.key.protocol));
  proto.set_port(drift.drift.key.port.number());
  proto.set_rule(drift.drift.rule.value_or(""));
  proto.set_wanted(drift.drift.wanted.value_or(""));
  proto.set_found(drift.drift.found.value_or(""));
  return proto;
}

}  // namespace berth::ingress
