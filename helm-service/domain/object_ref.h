#pragma once

#include <compare>
#include <string>

#include "common/kube/json.h"
#include "helm-service/domain/manifest.h"
#include "helm-service/domain/names.h"

namespace berth::helm {

/// Names an object of the Kubernetes API. What a chart wrote is not checked here.
struct ObjectRef {
  /// Empty for the core.
  std::string group;
  std::string version;
  std::string kind;
  /// Empty for an object of the whole cluster.
  std::string ns;
  std::string name;

  /// "Deployment shop/web", or "ClusterRole web".
  std::string ToString() const;

  /// Whether both name one object, be it in two versions of its group.
  bool SameObjectAs(const ObjectRef& other) const;

  friend auto operator<=>(const ObjectRef&, const ObjectRef&) = default;
};

/// Names an object that was read.
ObjectRef RefOf(const kube::Json& object);

/// Names an object of a release's manifest; one without a namespace gets the release's.
ObjectRef RefOf(const ManifestObject& object, const NamespaceName& release_ns);

/// From an apiVersion ("apps/v1") and the rest.
ObjectRef MakeRef(const std::string& api_version, std::string kind, std::string ns,
                  std::string name);

}  // namespace berth::helm
