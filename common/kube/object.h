#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/kube/json.h"
#include "common/kube/resource.h"
#include "common/kube/time.h"

namespace berth::kube {

/// Accessors to what all Kubernetes objects share. Reading a field that is absent, or of a type it
/// should not have, gives the empty value; nothing here throws.

std::string Name(const Json& object);
std::string Namespace(const Json& object);
ObjectName NameOf(const Json& object);
std::string Uid(const Json& object);
std::string ResourceVersion(const Json& object);
std::int64_t Generation(const Json& object);
std::optional<Time> CreationTimestamp(const Json& object);
/// Set once deletion was asked for; the object stays until its finalizers are gone.
std::optional<Time> DeletionTimestamp(const Json& object);
bool IsBeingDeleted(const Json& object);

std::map<std::string, std::string> Labels(const Json& object);
std::optional<std::string> Label(const Json& object, std::string_view key);
std::optional<std::string> Annotation(const Json& object, std::string_view key);
void SetLabel(Json& object, std::string_view key, std::string_view value);
void SetAnnotation(Json& object, std::string_view key, std::string_view value);
void RemoveAnnotation(Json& object, std::string_view key);

bool HasFinalizer(const Json& object, std::string_view finalizer);
/// True if the object changed.
bool AddFinalizer(Json& object, std::string_view finalizer);
/// True if the object changed.
bool RemoveFinalizer(Json& object, std::string_view finalizer);

/// The value at `path` below `object` ({"spec", "ports"}), or null where any step is missing.
const Json& At(const Json& object, std::initializer_list<std::string_view> path);
/// The string at `path`, empty if missing or not a string.
std::string StringAt(const Json& object, std::initializer_list<std::string_view> path);
/// The integer at `path`; none if missing or not an integer.
std::optional<std::int64_t> IntAt(const Json& object, std::initializer_list<std::string_view> path);

enum class ConditionStatus { kTrue, kFalse, kUnknown };

/// One entry of status.conditions (metav1.Condition).
struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::kUnknown;
  /// CamelCase, never empty.
  std::string reason;
  std::string message;
  /// The generation the condition speaks of.
  std::int64_t observed_generation = 0;
  /// Filled in by SetCondition.
  std::optional<Time> last_transition_time;

  friend bool operator==(const Condition&, const Condition&) = default;
};

std::optional<Condition> GetCondition(const Json& object, std::string_view type);
bool IsConditionTrue(const Json& object, std::string_view type);
/// Writes the condition into status.conditions. `now` becomes lastTransitionTime only when the
/// status value differs from the stored one. True if anything changed, so that a caller can save
/// the write.
bool SetCondition(Json& object, const Condition& condition, Time now);

/// apiVersion, kind and metadata of a new object.
Json NewObject(const Resource& resource, const ObjectName& name);
/// An entry for metadata.ownerReferences that points at `owner` (which was read from the server).
Json OwnerReference(const Resource& resource, const Json& owner);

/// A resourceVersion as a number: since Kubernetes 1.35 they are documented to be ordered integers,
/// and they have been in every release before. None if it is not one.
std::optional<std::uint64_t> ParseResourceVersion(std::string_view resource_version);

}  // namespace berth::kube
