#include "common/operation/expired_records.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace berth::operation {
namespace {

kube::Time EndOf(const Record& record) { return record.end_time().value_or(record.create_time()); }

}  // namespace

std::vector<Record> ExpiredRecords(const std::vector<Record>& all, const Retention& retention,
                                   kube::Time now) {
  std::set<std::string> names;
  std::map<std::string, std::vector<const Record*>> ended_by_caller;
  for (const Record& record : all) {
    names.insert(record.name());
    if (record.terminal()) ended_by_caller[record.spec().caller].push_back(&record);
  }

  std::vector<Record> expired;
  for (auto& [caller, ended] : ended_by_caller) {
    std::sort(ended.begin(), ended.end(),
              [](const Record* a, const Record* b) { return EndOf(*a) > EndOf(*b); });
    for (std::size_t age = 0; age < ended.size(); ++age) {
      const Record& record = *ended[age];
      const bool surplus = age >= retention.per_caller;
      const bool old = now - EndOf(record) > retention.keep;
      const bool parent_exists = names.contains(record.spec().parent);
      if ((surplus || old) && !parent_exists) expired.push_back(record);
    }
  }
  return expired;
}

}  // namespace berth::operation
