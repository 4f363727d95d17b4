#include "ingress-service/domain/service_merge.h"

#include <fmt/format.h>

#include "common/kube/object.h"
#include "common/pool/owned_ports.h"

namespace berth::ingress {
namespace {

using kube::Json;

// The place of a Service port; none for protocols that Berth does not know (SCTP).
std::optional<PortKey> ReadKey(const Json& entry) {
  const std::string protocol_text = kube::StringAt(entry, {"protocol"});
  const std::optional<pool::Protocol> protocol =
      pool::ParseProtocol(protocol_text.empty() ? "TCP" : protocol_text);
  const absl::StatusOr<pool::Port> port =
      pool::Port::Parse(kube::IntAt(entry, {"port"}).value_or(0));
  if (!protocol || !port.ok()) {
    return std::nullopt;
  }
  return PortKey{*protocol, *port};
}

// What Berth decides of a Service port, as statuses record it: "b-tcp-20001 -> 20001".
std::string ValueOf(const Json& entry) {
  const Json& target = kube::At(entry, {"targetPort"});
  return fmt::format("{} -> {}", kube::StringAt(entry, {"name"}),
                     target.is_string() ? target.get<std::string>() : target.dump());
}

// "b-tcp-20001", or the first of "b-tcp-20001-2", ... that no foreign port has. A good name is
// kept.
std::string NameFor(const PortKey& key, const std::string& current,
                    const std::set<std::string>& foreign_names) {
  const std::string base =
      fmt::format("b-{}-{}", pool::ToLowerString(key.protocol), key.port.number());
  if ((current == base || current.starts_with(base + "-")) && !foreign_names.contains(current)) {
    return current;
  }
  std::string name = base;
  for (int i = 2; foreign_names.contains(name); ++i) {
    name = fmt::format("{}-{}", base, i);
  }
  return name;
}

// The ports of a Service, told apart by whose they are.
class Ports {
 public:
  Ports(const Json& service, const pool::PortsByProtocol& owned, const EntryWishes& wishes) {
    for (const Json& entry : kube::At(service, {"spec", "ports"})) {
      const std::optional<PortKey> key = ReadKey(entry);
      const bool is_ours = key && (owned.Of(key->protocol).Contains(key->port) ||
                                   wishes.written.contains({*key, ValueOf(entry)}));
      if (is_ours) {
        ours_.insert(*key);
        continue;
      }
      const std::string name = kube::StringAt(entry, {"name"});
      foreign_names_.insert(name);
      if (key) {
        foreign_.emplace(*key, fmt::format("the Service's port '{}'", name));
        foreign_values_.emplace(*key, ValueOf(entry));
      }
    }
  }

  bool IsOurs(const std::optional<PortKey>& key) const { return key && ours_.contains(*key); }
  const std::map<PortKey, std::string>& foreign() const { return foreign_; }
  const std::map<PortKey, std::string>& foreign_values() const { return foreign_values_; }

  // The entry for `key`, made of what is there now.
  Json Wanted(const PortKey& key, Json current) const {
    current["name"] = NameFor(key, kube::StringAt(current, {"name"}), foreign_names_);
    current["port"] = key.port.number();
    current["protocol"] = std::string(pool::ToString(key.protocol));
    current["targetPort"] = key.port.number();
    return current;
  }

 private:
  std::set<PortKey> ours_;
  /// How to call them.
  std::map<PortKey, std::string> foreign_;
  /// What a status would record of them.
  std::map<PortKey, std::string> foreign_values_;
  std::set<std::string> foreign_names_;
};

}  // namespace

std::map<PortKey, std::string> ForeignPorts(const Json& service, const EntryWishes& wishes) {
  const pool::PortsByProtocol owned = pool::OwnedPorts(service).value_or(pool::PortsByProtocol{});
  return Ports(service, owned, wishes).foreign_values();
}

Merged MergeService(const Json& service, const EntryWishes& wishes, MergeScope scope) {
  Merged merged{.object = service};
  // An annotation changed by hand says nothing; what statuses record still does.
  const pool::PortsByProtocol owned = pool::OwnedPorts(service).value_or(pool::PortsByProtocol{});
  const Ports ports(service, owned, wishes);
  const auto granted = GrantWishes(wishes, pool::kProtocols, ports.foreign(), merged.taken);

  Json kept = kube::At(service, {"spec", "ports"}).is_null() ? Json() : Json::array();
  for (const Json& entry : kube::At(service, {"spec", "ports"})) {
    const std::optional<PortKey> key = ReadKey(entry);
    if (!ports.IsOurs(key)) {
      kept.push_back(entry);
    } else if (const auto wish = granted.find(*key); wish == granted.end()) {
      merged.unasked.emplace(*key, ValueOf(entry));
    } else {
      const Json wanted = ports.Wanted(*key, entry);
      const bool put_right =
          wish->second->value &&
          NoteDrift(*wish->second, ValueOf(wanted), ValueOf(entry), wishes, merged) &&
          scope == MergeScope::kAll;
      kept.push_back(put_right ? wanted : entry);
      merged.entries.emplace(*key, ValueOf(kept.back()));
    }
  }
  for (const auto& [key, wish] : granted) {
    if (!wish->value || merged.entries.contains(key)) {
      continue;
    }
    const Json wanted = ports.Wanted(key, Json::object());
    const std::string value = ValueOf(wanted);
    if (NoteDrift(*wish, value, std::nullopt, wishes, merged) && scope == MergeScope::kAll) {
      kept.push_back(wanted);
      merged.entries.emplace(key, value);
    }
  }
  if (kept != kube::At(service, {"spec", "ports"})) {
    merged.object["spec"]["ports"] = std::move(kept);
  }
  RecordOwned(merged, owned, pool::kProtocols);
  merged.changed = merged.object != service;
  return merged;
}

}  // namespace berth::ingress
