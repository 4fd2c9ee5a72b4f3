"""What torch's functions, methods and classes return, as far as a type checker could know.

Read in the type stubs of torch 2.13 (``torch/_C/_VariableFunctions.pyi`` and ``__init__.pyi``) and
its Python sources, with removed functions of older releases added; a test compares the names with
the installed torch. In-place methods are not listed: ``x.add_()`` returns ``x``.
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _in(module: str, text: str) -> frozenset[str]:
    return frozenset(f"{module}.{name}" for name in text.split())


_TENSOR = _names(
    """
    abs absolute acos acosh adaptive_avg_pool1d add addbmm addcdiv addcmul addmm addmv addr
    adjoint affine_grid_generator alias_copy all alpha_dropout amax amin angle any arange arccos
    arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argsort argwhere as_strided
    as_strided_copy as_strided_scatter as_tensor asarray asin asinh atan atan2 atanh avg_pool1d
    baddbmm bartlett_window batch_norm batch_norm_backward_elemt batch_norm_elemt bernoulli
    bilinear binary_cross_entropy_with_logits bincount binomial bitwise_and bitwise_left_shift
    bitwise_not bitwise_or bitwise_right_shift bitwise_xor blackman_window block_diag bmm
    broadcast_to bucketize cartesian_prod cat ccol_indices_copy cdist ceil celu chain_matmul
    channel_shuffle cholesky cholesky_inverse cholesky_solve clamp clamp_max clamp_min clip
    clone col_indices_copy column_stack combinations complex concat concatenate conj
    conj_physical constant_pad_nd conv1d conv2d conv3d conv_tbc conv_transpose1d
    conv_transpose2d conv_transpose3d convolution copysign corrcoef cos cosh
    cosine_embedding_loss cosine_similarity count_nonzero cov cross crow_indices_copy ctc_loss
    cumprod cumsum cumulative_trapezoid deg2rad dequantize det detach detach_copy diag
    diag_embed diagflat diagonal diagonal_copy diagonal_scatter diff digamma dist div divide dot
    dropout dsmm dstack einsum embedding empty empty_like empty_permuted empty_quantized
    empty_strided eq erf erfc erfinv exp exp2 expand_copy expm1 eye feature_alpha_dropout
    feature_dropout fill fix flatten flip fliplr flipud float_power floor floor_divide fmax fmin
    fmod frac frobenius_norm from_dlpack from_file from_numpy frombuffer full full_like gather
    gcd ge ger greater greater_equal grid_sampler grid_sampler_2d grid_sampler_3d group_norm
    gru_cell gt hamming_window hann_window hardshrink hash_tensor heaviside hinge_embedding_loss
    histc hsmm hspmm hstack hypot i0 igamma igammac imag index_add index_copy index_fill
    index_put index_reduce index_select indices_copy inner instance_norm int_repr inverse
    isclose isfinite isin isinf isnan isneginf isposinf isreal istft kaiser_window kl_div kron
    layer_norm lcm ldexp le lerp less less_equal lgamma linspace log log10 log1p log2
    log_softmax logaddexp logaddexp2 logcumsumexp logdet logical_and logical_not logical_or
    logical_xor logit logspace logsumexp lt lu_solve margin_ranking_loss masked_fill
    masked_scatter masked_select matmul matrix_exp matrix_power matrix_rank max_pool1d
    max_pool2d max_pool3d maximum mean minimum mm moveaxis movedim msort mul multinomial
    multiply mv mvlgamma nan_to_num nanmean nanquantile nansum narrow narrow_copy
    native_channel_shuffle native_norm ne neg negative nextafter nonzero_static norm
    norm_except_dim normal not_equal nuclear_norm ones ones_like orgqr ormqr outer
    pairwise_distance pdist permute permute_copy pinverse pixel_shuffle pixel_unshuffle poisson
    poisson_nll_loss polar polygamma positive pow prelu prod put q_per_channel_scales
    q_per_channel_zero_points quantile quantize_per_channel quantize_per_tensor
    quantize_per_tensor_dynamic rad2deg rand rand_like randint randint_like randn randn_like
    randperm range ravel real reciprocal relu remainder renorm repeat_interleave reshape
    resolve_conj resolve_neg rms_norm rnn_relu_cell rnn_tanh_cell roll rot90 round
    row_indices_copy row_stack rrelu rsqrt rsub saddmm scalar_tensor scatter scatter_add
    scatter_reduce searchsorted segment_reduce select select_copy select_scatter selu sgn
    sigmoid sign signbit sin sinc sinh slice_copy slice_inverse slice_scatter smm softmax
    sparse_bsc_tensor sparse_bsr_tensor sparse_compressed_tensor sparse_coo_tensor
    sparse_csc_tensor sparse_csr_tensor spmm sqrt square squeeze squeeze_copy sspaddmm stack std
    stft sub subtract sum swapaxes swapdims t t_copy take take_along_dim tan tanh tensor
    tensordot threshold tile trace transpose transpose_copy trapezoid trapz tril tril_indices
    triplet_margin_loss triu triu_indices true_divide trunc unflatten unfold_copy unsqueeze
    unsqueeze_copy values_copy vander var vdot view_as_complex view_as_complex_copy view_as_real
    view_as_real_copy view_copy vstack xlogy zeros zeros_like
    """
)
"""Functions of ``torch`` that return one tensor, many of them methods of a tensor as well."""

_SEVERAL = _names(
    """
    adaptive_max_pool1d aminmax broadcast_tensors chunk cummax cummin dsplit eig embedding_bag
    frexp geqrf gradient gru histogram histogramdd hsplit kthvalue lobpcg lstm lstm_cell lstsq
    lu lu_unpack meshgrid mode native_batch_norm native_dropout native_group_norm
    native_layer_norm pca_lowrank qr rnn_relu rnn_tanh slogdet sort split split_with_sizes
    std_mean svd svd_lowrank symeig tensor_split topk triangular_solve unbind unravel_index
    unsafe_chunk unsafe_split unsafe_split_with_sizes var_mean vsplit
    """
)
"""Functions of ``torch`` that return several tensors: a tuple, a named one, or a list."""

TENSOR_METHODS = _TENSOR | _names(
    """
    bfloat16 bool byte ccol_indices cdouble cfloat chalf char coalesce col_indices contiguous
    cpu crow_indices cuda double expand expand_as float half hpu indices int ipu long mlu mtia
    musa new_empty new_empty_strided new_full new_ones new_tensor new_zeros npu pin_memory
    repeat reshape_as row_indices short sparse_mask sum_to_size to to_dense to_mkldnn
    to_padded_tensor to_sparse to_sparse_bsc to_sparse_bsr to_sparse_coo to_sparse_csc
    to_sparse_csr type_as unfold values view view_as where xpu
    """
)
"""Methods of a tensor that return one tensor, in-place ones left out."""

SEVERAL_METHODS = _SEVERAL
"""Methods of a tensor that return several tensors."""

TORCH_ONLY_METHODS = _names(
    """
    argwhere bernoulli_ contiguous copy_ detach detach_ expand_as exponential_ histc index_add
    index_add_ index_copy index_copy_ index_fill index_fill_ index_put index_put_ index_reduce
    index_reduce_ index_select kthvalue logcumsumexp logsumexp masked_fill masked_fill_
    masked_scatter masked_scatter_ masked_select msort multinomial nanmedian new_empty new_full
    new_ones new_tensor new_zeros normal_ permute put_ repeat_interleave resize_as_ scatter_
    scatter_add scatter_add_ scatter_reduce scatter_reduce_ take_along_dim type_as unsqueeze
    unsqueeze_ view_as
    """
)
"""Methods of a tensor that lists, arrays, data frames and modules have not."""

TENSOR_ATTRIBUTES = _names("H T data grad imag mH mT real")
"""Attributes of a tensor that are tensors."""

WITH_DIM = _names("max median min nanmedian")
"""Return one tensor for a whole one, and values with indices along a dimension."""

RETURNS_FLAGS = _names("unique unique_consecutive")
"""Return one tensor unless asked for indices or counts as well."""

TENSOR_FUNCTIONS = (
    frozenset(f"torch.{name}" for name in _TENSOR)
    | _in(
        "torch.nn.functional",
        """
        adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d
        adaptive_max_pool2d adaptive_max_pool3d affine_grid alpha_dropout avg_pool1d avg_pool2d
        avg_pool3d batch_norm bilinear binary_cross_entropy binary_cross_entropy_with_logits celu
        celu_ channel_shuffle conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d
        conv_transpose3d cosine_embedding_loss cosine_similarity cross_entropy ctc_loss dropout
        dropout1d dropout2d dropout3d elu elu_ embedding embedding_bag feature_alpha_dropout fold
        fractional_max_pool2d fractional_max_pool3d gaussian_nll_loss gelu glu grid_sample
        group_norm grouped_mm gumbel_softmax hardshrink hardsigmoid hardswish hardtanh hardtanh_
        hinge_embedding_loss huber_loss instance_norm interpolate kl_div l1_loss layer_norm
        leaky_relu leaky_relu_ linear linear_cross_entropy local_response_norm log_softmax
        logsigmoid lp_pool1d lp_pool2d lp_pool3d margin_ranking_loss max_pool1d max_pool2d
        max_pool3d max_unpool1d max_unpool2d max_unpool3d mish mse_loss multi_margin_loss
        multilabel_margin_loss multilabel_soft_margin_loss native_channel_shuffle nll_loss normalize
        one_hot pad pairwise_distance pdist pixel_shuffle pixel_unshuffle poisson_nll_loss prelu
        relu relu6 relu_ rms_norm rrelu rrelu_ scaled_dot_product_attention scaled_grouped_mm
        scaled_mm selu selu_ sigmoid silu smooth_l1_loss soft_margin_loss softmax softmin softplus
        softshrink softsign tanh tanhshrink threshold threshold_ triplet_margin_loss
        triplet_margin_with_distance_loss unfold upsample upsample_bilinear upsample_nearest
        """,
    )
    | _in(
        "torch.linalg",
        """
        cholesky cond cross det diagonal eigvals eigvalsh householder_product inv ldl_solve lu_solve
        matmul matrix_exp matrix_norm matrix_power matrix_rank multi_dot norm pinv solve
        solve_triangular svdvals tensorinv tensorsolve vander vecdot vector_norm
        """,
    )
    | _in(
        "torch.fft",
        """
        fft fft2 fftfreq fftn fftshift hfft hfft2 hfftn ifft ifft2 ifftn ifftshift ihfft ihfft2
        ihfftn irfft irfft2 irfftn rfft rfft2 rfftfreq rfftn
        """,
    )
    | _in(
        "torch.special",
        """
        digamma entr erf erfc erfcx erfinv exp2 expit expm1 gammainc gammaincc gammaln i0 i0e i1
        i1e log1p log_ndtr log_softmax logit logsumexp multigammaln ndtr ndtri polygamma psi
        round sinc softmax xlog1py xlogy zeta
        """,
    )
    | _in(
        "torch.nn.init",
        """
        constant_ dirac_ eye_ kaiming_normal_ kaiming_uniform_ normal_ ones_ orthogonal_ sparse_
        trunc_normal_ uniform_ xavier_normal_ xavier_uniform_ zeros_
        """,
    )
    | _names(
        """
        torch.nn.utils.clip_grad_norm_
        torch.nn.utils.parameters_to_vector torch.nn.utils.rnn.pad_sequence
        """
    )
)
"""Qualified names of functions that return one tensor."""

SEVERAL_FUNCTIONS = frozenset(f"torch.{name}" for name in _SEVERAL) | _in(
    "torch.linalg",
    """
    cholesky_ex eig eigh inv_ex ldl_factor ldl_factor_ex lstsq lu lu_factor lu_factor_ex qr
    slogdet solve_ex svd
    """,
)
"""Qualified names of functions that return several tensors."""

TENSOR_TYPES = (
    _in(
        "torch",
        """
        BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor
        IntTensor LongTensor ShortTensor Tensor
        """,
    )
    | _in(
        "torch.cuda",
        """
        BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor
        IntTensor LongTensor ShortTensor
        """,
    )
    | _names(
        """
        torch.autograd.Variable torch.nn.Buffer torch.nn.Parameter torch.nn.parameter.Buffer
        torch.nn.parameter.Parameter torch._tensor.Tensor torch.types.Tensor
        """
    )
)
"""Qualified names of the classes whose instances are tensors."""

SEVERAL_MODULES = _in(
    "torch.nn",
    """
    AdaptiveLogSoftmaxWithLoss GRU LSTM LSTMCell MultiheadAttention RNN
    """,
)
"""Modules whose output is more than one tensor."""

MODULE_LISTS = _names("torch.nn.ModuleList torch.nn.Sequential")
"""Modules that hold modules by position."""

OTHER_MODULES = _in("torch.nn", "Module ModuleDict ParameterDict ParameterList Container")
"""Modules that nobody calls."""
