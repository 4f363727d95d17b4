#include "common/kube/object.h"

#include <algorithm>
#include <charconv>

namespace berth::kube {
namespace {

constexpr std::string_view kMetadata = "metadata";
const Json kNull;

std::string Text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t Integer(const Json& value) {
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

std::optional<Time> Moment(const Json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto time = ParseTime(value.get_ref<const std::string&>());
  if (!time.ok()) return std::nullopt;
  return *time;
}

const Json& Metadata(const Json& object, std::string_view field) {
  return At(object, {kMetadata, field});
}

/// The field as an object or array that can be written to, whatever was there before.
Json& Writable(Json& parent, std::string_view field, Json::value_t type) {
  if (!parent.is_object()) parent = Json::object();
  Json& value = parent[std::string(field)];
  if (value.type() != type) value = Json(type);
  return value;
}

Json& WritableMetadata(Json& object, std::string_view field, Json::value_t type) {
  return Writable(Writable(object, kMetadata, Json::value_t::object), field, type);
}

std::optional<std::string> Entry(const Json& map, std::string_view key) {
  const Json& value = At(map, {key});
  if (!value.is_string()) return std::nullopt;
  return value.get<std::string>();
}

std::string_view ToText(ConditionStatus status) {
  switch (status) {
    case ConditionStatus::kTrue:
      return "True";
    case ConditionStatus::kFalse:
      return "False";
    case ConditionStatus::kUnknown:
      return "Unknown";
  }
  return "Unknown";
}

ConditionStatus ToConditionStatus(const std::string& text) {
  if (text == "True") return ConditionStatus::kTrue;
  if (text == "False") return ConditionStatus::kFalse;
  return ConditionStatus::kUnknown;
}

const Json& FindCondition(const Json& object, std::string_view type) {
  const Json& conditions = At(object, {"status", "conditions"});
  if (!conditions.is_array()) return kNull;
  for (const Json& condition : conditions) {
    if (Text(At(condition, {"type"})) == type) return condition;
  }
  return kNull;
}

}  // namespace

std::string Name(const Json& object) { return Text(Metadata(object, "name")); }
std::string Namespace(const Json& object) { return Text(Metadata(object, "namespace")); }
ObjectName NameOf(const Json& object) { return {Namespace(object), Name(object)}; }
std::string Uid(const Json& object) { return Text(Metadata(object, "uid")); }
std::string ResourceVersion(const Json& object) {
  return Text(Metadata(object, "resourceVersion"));
}
std::int64_t Generation(const Json& object) { return Integer(Metadata(object, "generation")); }

std::optional<Time> CreationTimestamp(const Json& object) {
  return Moment(Metadata(object, "creationTimestamp"));
}

std::optional<Time> DeletionTimestamp(const Json& object) {
  return Moment(Metadata(object, "deletionTimestamp"));
}

bool IsBeingDeleted(const Json& object) { return !Metadata(object, "deletionTimestamp").is_null(); }

std::map<std::string, std::string> Labels(const Json& object) {
  std::map<std::string, std::string> labels;
  const Json& stored = Metadata(object, "labels");
  if (!stored.is_object()) return labels;
  for (const auto& [key, value] : stored.items()) labels[key] = Text(value);
  return labels;
}

std::optional<std::string> Label(const Json& object, std::string_view key) {
  return Entry(Metadata(object, "labels"), key);
}

std::optional<std::string> Annotation(const Json& object, std::string_view key) {
  return Entry(Metadata(object, "annotations"), key);
}

void SetLabel(Json& object, std::string_view key, std::string_view value) {
  WritableMetadata(object, "labels", Json::value_t::object)[std::string(key)] = std::string(value);
}

void SetAnnotation(Json& object, std::string_view key, std::string_view value) {
  WritableMetadata(object, "annotations", Json::value_t::object)[std::string(key)] =
      std::string(value);
}

void RemoveAnnotation(Json& object, std::string_view key) {
  if (!Annotation(object, key)) return;
  WritableMetadata(object, "annotations", Json::value_t::object).erase(std::string(key));
}

bool HasFinalizer(const Json& object, std::string_view finalizer) {
  const Json& finalizers = Metadata(object, "finalizers");
  return finalizers.is_array() &&
         std::any_of(finalizers.begin(), finalizers.end(),
                     [&](const Json& entry) { return Text(entry) == finalizer; });
}

bool AddFinalizer(Json& object, std::string_view finalizer) {
  if (HasFinalizer(object, finalizer)) return false;
  WritableMetadata(object, "finalizers", Json::value_t::array).push_back(std::string(finalizer));
  return true;
}

bool RemoveFinalizer(Json& object, std::string_view finalizer) {
  if (!HasFinalizer(object, finalizer)) return false;
  Json& finalizers = WritableMetadata(object, "finalizers", Json::value_t::array);
  finalizers.erase(std::remove_if(finalizers.begin(), finalizers.end(),
                                  [&](const Json& entry) { return Text(entry) == finalizer; }),
                   finalizers.end());
  return true;
}

const Json& At(const Json& object, std::initializer_list<std::string_view> path) {
  const Json* value = &object;
  for (const std::string_view step : path) {
    if (!value->is_object()) return kNull;
    const auto found = value->find(step);
    if (found == value->end()) return kNull;
    value = &*found;
  }
  return *value;
}

std::string StringAt(const Json& object, std::initializer_list<std::string_view> path) {
  return Text(At(object, path));
}

std::optional<std::int64_t> IntAt(const Json& object,
                                  std::initializer_list<std::string_view> path) {
  const Json& value = At(object, path);
  if (!value.is_number_integer()) return std::nullopt;
  return value.get<std::int64_t>();
}

std::optional<Condition> GetCondition(const Json& object, std::string_view type) {
  const Json& stored = FindCondition(object, type);
  if (stored.is_null()) return std::nullopt;
  return Condition{
      .type = std::string(type),
      .status = ToConditionStatus(StringAt(stored, {"status"})),
      .reason = StringAt(stored, {"reason"}),
      .message = StringAt(stored, {"message"}),
      .observed_generation = Integer(At(stored, {"observedGeneration"})),
      .last_transition_time = Moment(At(stored, {"lastTransitionTime"})),
  };
}

bool IsConditionTrue(const Json& object, std::string_view type) {
  return StringAt(FindCondition(object, type), {"status"}) == "True";
}

bool SetCondition(Json& object, const Condition& condition, Time now) {
  Json& status = Writable(object, "status", Json::value_t::object);
  Json& conditions = Writable(status, "conditions", Json::value_t::array);
  auto stored = std::find_if(conditions.begin(), conditions.end(), [&](const Json& entry) {
    return StringAt(entry, {"type"}) == condition.type;
  });
  if (stored == conditions.end()) {
    conditions.push_back(Json::object());
    stored = std::prev(conditions.end());
  }
  Json changed = *stored;
  const std::string_view value = ToText(condition.status);
  if (StringAt(changed, {"status"}) != value) changed["lastTransitionTime"] = FormatTime(now);
  changed["type"] = condition.type;
  changed["status"] = std::string(value);
  changed["reason"] = condition.reason;
  changed["message"] = condition.message;
  changed["observedGeneration"] = condition.observed_generation;
  if (changed == *stored) return false;
  *stored = std::move(changed);
  return true;
}

Json NewObject(const Resource& resource, const ObjectName& name) {
  Json object = {{"apiVersion", resource.ApiVersion()},
                 {"kind", std::string(resource.kind)},
                 {"metadata", {{"name", name.name}}}};
  if (!name.ns.empty()) object["metadata"]["namespace"] = name.ns;
  return object;
}

Json OwnerReference(const Resource& resource, const Json& owner) {
  return {{"apiVersion", resource.ApiVersion()},
          {"kind", std::string(resource.kind)},
          {"name", Name(owner)},
          {"uid", Uid(owner)}};
}

std::optional<std::uint64_t> ParseResourceVersion(std::string_view resource_version) {
  std::uint64_t number = 0;
  const char* const begin = resource_version.data();
  const char* const end = begin + resource_version.size();
  const auto [at, error] = std::from_chars(begin, end, number);
  if (error != std::errc() || at != end) return std::nullopt;
  return number;
}

}  // namespace berth::kube
