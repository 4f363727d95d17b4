#pragma once

#include <vector>

#include "common/kube/time.h"
#include "common/operation/options.h"
#include "common/operation/record.h"

namespace berth::operation {

/// The records among all there are that may be deleted: ended longer ago than they are kept, or
/// surplus of their caller, oldest end first; never one that has not ended, and never a step while
/// the record of its parent exists.
std::vector<Record> ExpiredRecords(const std::vector<Record>& all, const Retention& retention,
                                   kube::Time now);

}  // namespace berth::operation
