/* cc example.c -I. -L. -ltorchdet -o example && ./example /path/to/environment/bin/python */
#include <stdio.h>

#include "torchdet.h"

int main(int argc, char **argv) {
    if (torchdet_open(argc > 1 ? argv[1] : NULL) != 0) {
        fprintf(stderr, "%s\n", torchdet_open_error());
        return 1;
    }
    const int64_t dims[] = {2, 2};
    const float data[] = {1.0f, -2.0f, 3.0f, 4.0f};
    int64_t a = simple_torch_tensor_from_data(data, 4, dims, 2);
    int64_t b = simple_torch_tensor_matmul(a, simple_torch_relu(a));
    float out[4];
    if (simple_torch_tensor_data(b, out, 4) != 4) {
        char text[256];
        simple_torch_last_error(text, sizeof text);
        fprintf(stderr, "%s\n", text);
        return 1;
    }
    printf("%g %g %g %g\n", out[0], out[1], out[2], out[3]);
    simple_torch_tensor_free(a);
    simple_torch_tensor_free(b);
    return 0;
}
