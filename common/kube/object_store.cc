#include "common/kube/object_store.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "common/kube/object.h"

namespace berth::kube {

bool ObjectStore::Entry::operator<(const Entry& other) const {
  if (key != other.key) return key < other.key;
  if (name == nullptr || other.name == nullptr) return name == nullptr && other.name != nullptr;
  return *name < *other.name;
}

ObjectStore::ObjectStore(std::map<std::string, Cache::KeyFunction> key_functions) {
  for (auto& [index, keys_of] : key_functions) indexes_[index].keys_of = std::move(keys_of);
}

std::optional<ObjectStore::Change> ObjectStore::Put(Object object) {
  const ObjectName name = NameOf(*object);
  auto& [key, stored] = *objects_.try_emplace(name).first;
  if (stored && ResourceVersion(*stored) == ResourceVersion(*object)) return std::nullopt;
  if (stored) RemoveFromIndexes(key, *stored);
  AddToIndexes(key, *object);
  Change change{.kind = stored ? Cache::ChangeKind::kUpdated : Cache::ChangeKind::kAdded,
                .before = std::move(stored),
                .after = object};
  stored = std::move(object);
  return change;
}

std::optional<ObjectStore::Change> ObjectStore::Remove(const ObjectName& name) {
  const auto found = objects_.find(name);
  if (found == objects_.end()) return std::nullopt;
  RemoveFromIndexes(found->first, *found->second);
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
  const std::set<Entry>& entries = found->second.entries;
  std::vector<Object> objects;
  for (auto at = entries.lower_bound({key}); at != entries.end() && at->key == key; ++at) {
    objects.push_back(objects_.at(*at->name));
  }
  return objects;
}

void ObjectStore::AddToIndexes(const ObjectName& name, const Json& object) {
  for (auto& [label, index] : indexes_) {
    for (std::string& key : index.keys_of(object)) index.entries.insert({std::move(key), &name});
  }
}

void ObjectStore::RemoveFromIndexes(const ObjectName& name, const Json& object) {
  for (auto& [label, index] : indexes_) {
    for (std::string& key : index.keys_of(object)) index.entries.erase({std::move(key), &name});
  }
}

}  // namespace berth::kube
