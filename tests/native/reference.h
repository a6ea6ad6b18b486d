// The equations of grucli/nn/cells/ once more, as plain loops over double precision numbers.
#pragma once

#include "layers.h"

namespace grucli::check {

Results<double> reference(const Layer& layer, const Numbers& numbers);

}  // namespace grucli::check
