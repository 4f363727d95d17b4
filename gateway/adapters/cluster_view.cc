#include "gateway/adapters/cluster_view.h"

#include <string>
#include <utility>
#include <vector>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/pool/labels.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "gateway/adapters/exposure_json.h"
#include "gateway/adapters/held_json.h"

namespace berth::gateway {
namespace {

constexpr const char* kByExposure = "exposure";

std::vector<std::string> ExposureUidOf(const kube::Json& object) {
  const auto ref = ExposureRefFromJson(object);
  return ref.has_value() ? std::vector<std::string>{ref->uid} : std::vector<std::string>{};
}

kube::Cache::Options HeldBy(const kube::Resource& resource, const std::string& ns) {
  return {.resource = resource, .ns = ns, .indexes = {{kByExposure, ExposureUidOf}}};
}

/// Selectors, addresses and the like are nobody's business here.
void KeepPortsOnly(kube::Json& service) {
  kube::Json ports = kube::At(service, {"spec", "ports"});
  service["spec"] = {{"ports", std::move(ports)}};
  service.erase("status");
}

std::vector<Service> ServicesFrom(const std::vector<kube::Json>& objects) {
  std::vector<Service> services;
  for (const kube::Json& object : objects) {
    if (auto service = ServiceFromJson(object); service.has_value()) {
      services.push_back(*std::move(service));
    }
  }
  return services;
}

const kube::Json& Present(const kube::Cache::Change& change) {
  return change.after != nullptr ? *change.after : *change.before;
}

}  // namespace

ClusterView::ClusterView(kube::Client& client, Options options)
    : client_(client),
      options_(std::move(options)),
      exposures_(client, {.resource = kube::kExposures}),
      claims_(client, gateway::HeldBy(kube::kPortClaims, options_.berth_namespace)),
      rules_(client, gateway::HeldBy(kube::kPortRules, options_.berth_namespace)),
      services_(client, {.resource = kube::kServices, .transform = KeepPortsOnly}),
      namespaces_(client, {.resource = kube::kNamespaces, .form = kube::Form::kMetadata}) {}

ClusterView::~ClusterView() { Stop(); }

void ClusterView::Start(std::function<void(const ExposureKey&)> affected) {
  affected_ = std::move(affected);
  const auto listen = [this](kube::Cache& cache, auto on_change) {
    subscriptions_.push_back(cache.AddListener({.on_change = std::move(on_change)}));
  };
  using Change = kube::Cache::Change;
  listen(exposures_, [this](const Change& change) { OnExposure(change); });
  listen(claims_, [this](const Change& change) { OnHeld(change); });
  listen(rules_, [this](const Change& change) { OnHeld(change); });
  listen(services_,
         [this](const Change& change) { OnNamespace(kube::Namespace(Present(change))); });
  listen(namespaces_, [this](const Change& change) { OnNamespace(kube::Name(Present(change))); });
  for (kube::Cache* cache : {&exposures_, &claims_, &rules_, &services_, &namespaces_}) {
    cache->Start();
  }
}

absl::Status ClusterView::WaitForSync(std::chrono::steady_clock::time_point deadline) const {
  for (const kube::Cache* cache : {&exposures_, &claims_, &rules_, &services_, &namespaces_}) {
    RETURN_IF_ERROR(cache->WaitForSync(deadline));
  }
  return absl::OkStatus();
}

void ClusterView::Stop() {
  for (kube::Cache* cache : {&exposures_, &claims_, &rules_, &services_, &namespaces_}) {
    cache->Stop();
  }
}

std::vector<Exposure> ClusterView::Exposures(const std::string& ns) const {
  std::vector<Exposure> exposures;
  for (const auto& object : ns.empty() ? exposures_.List() : exposures_.ListNamespace(ns)) {
    if (auto exposure = ExposureFromJson(*object); exposure.ok()) {
      exposures.push_back(*std::move(exposure));
    }
  }
  return exposures;
}

std::vector<HeldItem> ClusterView::AllHeld() const {
  std::vector<HeldItem> held;
  for (const auto& object : claims_.List()) {
    const Claim claim = ClaimFromJson(*object);
    const auto ref = ExposureRefFromJson(*object);
    const bool bound = claim.state == Claim::State::kBound;
    if (ref.has_value() && (bound || claim.state == Claim::State::kReserved)) {
      held.push_back({*ref, claim.pool, claim.name, claim.uid, bound});
    }
  }
  for (const auto& object : rules_.List()) {
    const Rule rule = RuleFromJson(*object);
    const auto ref = ExposureRefFromJson(*object);
    if (ref.has_value() && !rule.being_removed) {
      held.push_back({*ref, kube::StringAt(*object, {"spec", "poolRef", "name"}), rule.name,
                      rule.claim_uid, true});
    }
  }
  return held;
}

absl::StatusOr<Held> ClusterView::HeldBy(const std::string& exposure_uid, Freshness freshness) {
  Held held;
  if (freshness == Freshness::kWatched) {
    for (const auto& object : claims_.ByIndex(kByExposure, exposure_uid)) {
      held.claims.push_back(ClaimFromJson(*object));
    }
    for (const auto& object : rules_.ByIndex(kByExposure, exposure_uid)) {
      held.rules.push_back(RuleFromJson(*object));
    }
    return held;
  }
  const kube::ListOptions options{.label_selector =
                                      std::string(pool::kExposureUidLabel) + "=" + exposure_uid};
  ASSIGN_OR_RETURN(const kube::ObjectList claims,
                   client_.List(kube::kPortClaims, options_.berth_namespace, options));
  for (const kube::Json& object : claims.items) {
    held.claims.push_back(ClaimFromJson(object));
  }
  ASSIGN_OR_RETURN(const kube::ObjectList rules,
                   client_.List(kube::kPortRules, options_.berth_namespace, options));
  for (const kube::Json& object : rules.items) {
    held.rules.push_back(RuleFromJson(object));
  }
  return held;
}

absl::StatusOr<std::vector<Service>> ClusterView::Services(const Namespace& ns,
                                                           Freshness freshness) {
  if (freshness == Freshness::kConsistent) {
    ASSIGN_OR_RETURN(const kube::ObjectList list, client_.List(kube::kServices, ns.str()));
    return ServicesFrom(list.items);
  }
  std::vector<kube::Json> objects;
  for (const auto& object : services_.ListNamespace(ns.str())) {
    objects.push_back(*object);
  }
  return ServicesFrom(objects);
}

absl::StatusOr<bool> ClusterView::IsTerminating(const Namespace& ns) {
  if (const auto object = namespaces_.Get({"", ns.str()}); object != nullptr) {
    return kube::IsBeingDeleted(*object);
  }
  // The watch may not have seen a new namespace yet.
  const absl::StatusOr<kube::Json> object =
      client_.Get(kube::kNamespaces, {"", ns.str()}, {.form = kube::Form::kMetadata});
  if (kube::IsNotFound(object.status())) {
    return true;
  }
  RETURN_IF_ERROR(object.status());
  return kube::IsBeingDeleted(*object);
}

absl::StatusOr<bool> ClusterView::EndedWithoutSuccess(const std::string& operation) {
  const absl::StatusOr<operation::v1::Operation> found = options_.operations.Get(operation);
  if (ReasonOf(found.status()) == Reason::ERROR_REASON_OPERATION_NOT_FOUND) {
    return false;
  }
  RETURN_IF_ERROR(found.status());
  return found->state() == operation::v1::Operation::STATE_FAILED ||
         found->state() == operation::v1::Operation::STATE_CANCELLED;
}

std::shared_ptr<void> ClusterView::Follow(const ExposureKey& key, std::function<void()> changed) {
  auto follower = std::make_shared<std::function<void()>>(std::move(changed));
  const MutexLock lock(mutex_);
  std::erase_if(followers_, [](const auto& entry) { return entry.second.expired(); });
  followers_.emplace(key, follower);
  return follower;
}

void ClusterView::OnExposure(const kube::Cache::Change& change) {
  if (const auto exposure = ExposureFromJson(Present(change)); exposure.ok()) {
    Affected(exposure->key);
  }
}

void ClusterView::OnHeld(const kube::Cache::Change& change) {
  if (const auto ref = ExposureRefFromJson(Present(change)); ref.has_value()) {
    Affected(ref->key);
  }
}

void ClusterView::OnNamespace(const std::string& ns) {
  for (const auto& object : exposures_.ListNamespace(ns)) {
    if (const auto exposure = ExposureFromJson(*object); exposure.ok()) {
      Affected(exposure->key);
    }
  }
}

void ClusterView::Affected(const ExposureKey& key) {
  affected_(key);
  std::vector<std::shared_ptr<std::function<void()>>> followers;
  {
    const MutexLock lock(mutex_);
    const auto [first, last] = followers_.equal_range(key);
    for (auto entry = first; entry != last; ++entry) {
      followers.push_back(entry->second.lock());
    }
  }
  for (const auto& follower : followers) {
    if (follower != nullptr) {
      (*follower)();
    }
  }
}

}  // namespace berth::gateway
