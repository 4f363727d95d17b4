#include "common/kube/object_store.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "common/kube/object.h"

namespace berth::kube {

ObjectStore::ObjectStore(std::map<std::string, Cache::KeyFunction> key_functions) {
  for (auto& [index, keys_of] : key_functions) indexes_[index].keys_of = std::move(keys_of);
}

std::optional<ObjectStore::Change> ObjectStore::Put(Object object) {
  const ObjectName name = NameOf(*object);
  Object& stored = objects_[name];
  if (stored && ResourceVersion(*stored) == ResourceVersion(*object)) return std::nullopt;
  if (stored) RemoveFromIndexes(name, *stored);
  AddToIndexes(name, *object);
  Change change{.kind = stored ? Cache::ChangeKind::kUpdated : Cache::ChangeKind::kAdded,
                .before = std::move(stored),
                .after = object};
  stored = std::move(object);
  return change;
}

std::optional<ObjectStore::Change> ObjectStore::Remove(const ObjectName& name) {
  const auto found = objects_.find(name);
  if (found == objects_.end()) return std::nullopt;
  RemoveFromIndexes(name, *found->second);
  Change change{
      .kind = Cache::ChangeKind::kDeleted, .before = std::move(found->second), .after = nullptr};
  objects_.erase(found);
  return change;
}

std::vector<ObjectStore::Change> ObjectStore::ReplaceAll(const std::vector<Object>& objects) {
  std::set<ObjectName> gone;
  for (const auto& [name, object] : objects_) gone.insert(name);
  for (const Object& object : objects) gone.erase(NameOf(*object));
  std::vector<Change> changes;
  changes.reserve(gone.size());
  for (const ObjectName& name : gone) changes.push_back(*Remove(name));
  for (const Object& object : objects) {
    if (auto change = Put(object)) changes.push_back(*std::move(change));
  }
  return changes;
}

ObjectStore::Object ObjectStore::Get(const ObjectName& name) const {
  const auto found = objects_.find(name);
  return found == objects_.end() ? nullptr : found->second;
}

std::vector<ObjectStore::Object> ObjectStore::List() const {
  std::vector<Object> objects;
  objects.reserve(objects_.size());
  for (const auto& [name, object] : objects_) objects.push_back(object);
  return objects;
}

std::vector<ObjectStore::Object> ObjectStore::ListNamespace(const std::string& ns) const {
  std::vector<Object> objects;
  for (auto at = objects_.lower_bound({.ns = ns, .name = ""});
       at != objects_.end() && at->first.ns == ns; ++at) {
    objects.push_back(at->second);
  }
  return objects;
}

std::vector<ObjectStore::Object> ObjectStore::ByIndex(const std::string& index,
                                                      const std::string& key) const {
  const auto found = indexes_.find(index);
  if (found == indexes_.end()) {
    fmt::print(stderr, "no index '{}' in this cache\n", index);
    std::abort();
  }
  std::vector<Object> objects;
  const auto names = found->second.names.find(key);
  if (names == found->second.names.end()) return objects;
  for (const ObjectName& name : names->second) objects.push_back(objects_.at(name));
  return objects;
}

void ObjectStore::AddToIndexes(const ObjectName& name, const Json& object) {
  for (auto& [label, index] : indexes_) {
    for (const std::string& key : index.keys_of(object)) index.names[key].insert(name);
  }
}

void ObjectStore::RemoveFromIndexes(const ObjectName& name, const Json& object) {
  for (auto& [label, index] : indexes_) {
    for (const std::string& key : index.keys_of(object)) {
      const auto names = index.names.find(key);
      if (names == index.names.end()) continue;
      names->second.erase(name);
      if (names->second.empty()) index.names.erase(names);
    }
  }
}

}  // namespace berth::kube
