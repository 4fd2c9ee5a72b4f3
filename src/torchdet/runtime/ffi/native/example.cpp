// c++ -std=c++17 -pthread example.cpp -I. -L. -ltorchdet -o example && ./example .../bin/python
#include <iostream>
#include <thread>
#include <vector>

#include "torchdet.h"

static void doubled_ones(std::vector<float> &out) {
    const int64_t dims[] = {3};
    int64_t ones = simple_torch_tensor_ones(dims, 1);
    int64_t sum = simple_torch_tensor_add(ones, ones);
    simple_torch_tensor_data(sum, out.data(), 3);
}

int main(int argc, char **argv) {
    if (torchdet_open(argc > 1 ? argv[1] : nullptr) != 0) {
        std::cerr << torchdet_open_error() << "\n";
        return 1;
    }
    std::vector<std::vector<float>> outs(4, std::vector<float>(3));
    std::vector<std::thread> threads; // any thread may call
    for (auto &out : outs) threads.emplace_back(doubled_ones, std::ref(out));
    for (auto &thread : threads) thread.join();
    for (auto &out : outs) std::cout << out[0] << " " << out[1] << " " << out[2] << "\n";
    return 0;
}
