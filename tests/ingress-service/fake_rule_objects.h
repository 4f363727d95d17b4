#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/kube/object.h"
#include "common/pool/labels.h"
#include "ingress-service/domain/rule_objects.h"
#include "tests/ingress-service/fake_cluster.h"

namespace berth::ingress {

/// Objects of rules in a cluster, with uids, generations and resource versions as an API server
/// gives them out; the cache shows everything unless it is frozen. Used by one thread at a time.
class FakeRuleObjects : public RuleObjects {
 public:
  explicit FakeRuleObjects(FakeCluster& cluster) : cluster_(cluster) {}

  using Key = std::pair<std::string, kube::ObjectName>;
  std::map<Key, kube::Json> objects;
  /// Verb and object of each write, such as "CREATE TCPRoute berth/edge.tcp.20001".
  /// How long the last write could be sent.
  std::chrono::milliseconds time_for_put{};
  std::vector<std::string> writes;
  std::vector<RuleObjectKind> followed;

  /// From now on the cache shows what is there now.
  void FreezeCache() { frozen_ = objects; }
  void ThawCache() { frozen_.reset(); }

  absl::Status Follow(const std::vector<RuleObjectKind>& kinds) override {
    followed = kinds;
    return absl::OkStatus();
  }

  std::vector<Object> Cached(const RuleObjectKind& kind) const override {
    std::vector<Object> found;
    for (const auto& [key, object] : frozen_ ? *frozen_ : objects) {
      if (key.first == kind.resource.plural && HasLabel(object)) {
        found.push_back(std::make_shared<const kube::Json>(object));
      }
    }
    return found;
  }

  absl::StatusOr<std::vector<kube::Json>> List(
      const RuleObjectKind& kind, const std::vector<std::string>& claim_uids) override {
    if (absl::Status status = cluster_.before("LIST objects"); !status.ok()) {
      return status;
    }
    std::vector<kube::Json> found;
    for (const auto& [key, object] : objects) {
      const auto uid = kube::Label(object, pool::kClaimUidLabel);
      if (key.first == kind.resource.plural && uid &&
          std::find(claim_uids.begin(), claim_uids.end(), *uid) != claim_uids.end()) {
        found.push_back(object);
      }
    }
    return found;
  }

  absl::StatusOr<std::optional<kube::Json>> Get(const kube::Resource& resource,
                                                const kube::ObjectName& name) override {
    if (absl::Status status = cluster_.before("GET object"); !status.ok()) {
      return status;
    }
    const auto found = objects.find({std::string(resource.plural), name});
    return found == objects.end() ? std::nullopt : std::optional(found->second);
  }

  absl::StatusOr<std::optional<kube::Json>> Put(const kube::Resource& resource,
                                                const kube::Json& object,
                                                std::chrono::milliseconds time) override {
    time_for_put = time;
    if (absl::Status status = cluster_.before("PUT object"); !status.ok()) {
      return status;
    }
    const Key key{std::string(resource.plural), kube::NameOf(object)};
    const auto found = objects.find(key);
    const std::string version = kube::ResourceVersion(object);
    kube::Json stored = object;
    if (version.empty()
            ? found != objects.end()
            : found == objects.end() || kube::ResourceVersion(found->second) != version) {
      return std::nullopt;
    }
    if (version.empty()) {
      stored["metadata"]["uid"] = "object-uid-" + std::to_string(version_);
      stored["metadata"]["generation"] = 1;
    } else if (stored["spec"] != found->second["spec"]) {
      stored["metadata"]["generation"] = kube::Generation(stored) + 1;
    }
    Store(key, stored);
    Note(version.empty() ? "CREATE" : "REPLACE", resource, kube::NameOf(object));
    return stored;
  }

  absl::Status Delete(const kube::Resource& resource, const kube::Json& object,
                      DeleteIf condition) override {
    if (absl::Status status = cluster_.before("DELETE object"); !status.ok()) {
      return status;
    }
    const auto found = objects.find({std::string(resource.plural), kube::NameOf(object)});
    if (found == objects.end()) {
      return absl::OkStatus();
    }
    if (kube::Uid(found->second) != kube::Uid(object) ||
        (condition == DeleteIf::kUnchanged &&
         kube::ResourceVersion(found->second) != kube::ResourceVersion(object))) {
      return Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_KUBERNETES_CONFLICT, "changed");
    }
    Note("DELETE", resource, kube::NameOf(object));
    objects.erase(found);
    return absl::OkStatus();
  }

  /// Lets somebody else change an object.
  kube::Json& Edit(const kube::Resource& resource, const kube::ObjectName& name) {
    kube::Json& object = objects.at({std::string(resource.plural), name});
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    return object;
  }
  bool Has(const kube::Resource& resource, const kube::ObjectName& name) const {
    return objects.contains({std::string(resource.plural), name});
  }

 private:
  static bool HasLabel(const kube::Json& object) {
    return kube::Label(object, pool::kClaimUidLabel).has_value();
  }
  void Store(const Key& key, kube::Json& object) {
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    objects.insert_or_assign(key, object);
  }
  void Note(const std::string& verb, const kube::Resource& resource, const kube::ObjectName& name) {
    writes.push_back(verb + " " + std::string(resource.kind) + " " + name.ToString());
  }

  FakeCluster& cluster_;
  int version_ = 0;
  std::optional<std::map<Key, kube::Json>> frozen_;
};

}  // namespace berth::ingress
